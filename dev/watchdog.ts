// A process that outlives its parent by a moment and ends the processes that the parent has left running.
// It reads "+pgid" and "-pgid" lines. When its input closes, because the parent has ended in any way, it ends every group
// still listed.
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'

const GRACE_MS = 900
const groups = new Set<number>()

// Ctrl-C and other signals are for the parent, which then closes this process's input.
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
