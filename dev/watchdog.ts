// A process of its own that outlives its parent by a moment: what the parent leaves running, it ends.
// It reads "+pgid" and "-pgid" lines; when the input closes, however the parent died, it ends every group still listed.
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'

const GRACE_MS = 900
const groups = new Set<number>()

// Ctrl-C and friends are for the parent, which then closes our input.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

for await (const line of createInterface({ input: process.stdin })) {
  const group = Number(line.slice(1))
  if (line.startsWith('+')) groups.add(group)
  else groups.delete(group)
}

signalAll('SIGINT')
for (const start = performance.now(); groups.size > 0 && performance.now() - start < GRACE_MS; ) {
  await wait(50)
  signalAll(0)
}
signalAll('SIGKILL')

/** Signal 0 only asks whether the group is still there. */
function signalAll(signal: NodeJS.Signals | 0) {
  for (const group of groups) {
    try {
      process.kill(-group, signal)
    } catch {
      groups.delete(group)
    }
  }
}
