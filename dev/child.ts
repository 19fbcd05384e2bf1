// A child process in a group of its own: it ends when it is told to, and in any case when we do.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import type { Guard } from './guard.ts'

export interface Child {
  pid: number
  /** Says how it ended: `exit code 1`, `SIGKILL`. */
  ended: Promise<string>
  /** SIGTERM, and after the grace SIGKILL, to the whole group. */
  stop(graceMs?: number): Promise<void>
  signal(signal: NodeJS.Signals): void
}

interface Options {
  cwd: string
  env: NodeJS.ProcessEnv
  guard: Guard
  onLine(line: string): void
}

/** Runs a script on this very Node. */
export function startChild(args: string[], { cwd, env, guard, onLine }: Options): Child {
  const child = spawn(process.execPath, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const group = child.pid!
  guard.add(group)
  for (const output of [child.stdout, child.stderr]) createInterface({ input: output }).on('line', onLine)
  const ended = new Promise<string>(resolve => {
    child.once('close', (code, signal) => {
      signalGroup(group, 'SIGKILL') // what it started itself may have outlived it
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
