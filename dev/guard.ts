// Makes sure that no child process outlives this one, even if this one is killed without warning.
import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { join } from 'node:path'

export interface Guard {
  /** From now on this process group ends with this process. Start children `detached`, so that each leads a group. */
  add(pgid: number): void
  remove(pgid: number): void
}

export function startGuard(): Guard {
  const watchdog = spawn(process.execPath, [join(import.meta.dirname, 'watchdog.ts')], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  watchdog.unref()
  const input = watchdog.stdin as Socket
  input.unref()
  return {
    add: pgid => void input.write(`+${pgid}\n`),
    remove: pgid => void input.write(`-${pgid}\n`),
  }
}
