// A child process that leads its own process group. It ends when it is stopped, and at the latest with this process.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import type { Guard } from './guard.ts'

export interface Child {
  pid: number
  /** Resolves with how it ended: `exit code 1`, `SIGKILL`. */
  ended: Promise<string>
  /** Sends SIGTERM to the whole group, and SIGKILL after the grace period. */
  stop(graceMs?: number): Promise<void>
  signal(signal: NodeJS.Signals): void
}

interface Options {
  cwd: string
  env: NodeJS.ProcessEnv
  guard: Guard
  onLine(line: string): void
}

/** Runs a script on the same Node as this process. */
export function startChild(args: string[], { cwd, env, guard, onLine }: Options): Child {
  const child = spawn(process.execPath, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const group = child.pid!
  guard.add(group)
  for (const output of [child.stdout, child.stderr]) createInterface({ input: output }).on('line', onLine)
  const ended = new Promise<string>(resolve => {
    child.once('close', (code, signal) => {
      signalGroup(group, 'SIGKILL') // its own children may have outlived it
      guard.remove(group)
      resolve(signal ?? `exit code ${code}`)
    })
  })
  return {
    pid: group,
    ended,
    signal: signal => signalGroup(group, signal),
    async stop(graceMs = 1200) {
      signalGroup(group, 'SIGTERM')
      const deadline = new AbortController()
      await Promise.race([ended, wait(graceMs, undefined, deadline).catch(() => {})])
      deadline.abort()
      signalGroup(group, 'SIGKILL')
      await ended
    },
  }
}

function signalGroup(group: number, signal: NodeJS.Signals) {
  try {
    process.kill(-group, signal)
  } catch {
    // gone
  }
}
