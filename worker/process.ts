// A process that is one listener: from its start to its last signal.
import type { Environment } from '../delivery/settings.ts'
import { startListener } from './listener.ts'
import { readListenerSettings } from './settings.ts'

/**
 * Returns the exit code once it is stopped: 0 = every attempt is recorded. SIGTERM finishes what is in flight; a second signal
 * exits at once. Throws a SettingsError for a setting that is wrong.
 */
export async function runListener(env: Environment): Promise<number> {
  return runUntilSignal(await startListener(readListenerSettings(env)))
}

interface Running {
  /** True = every attempt is recorded. */
  stop(): Promise<boolean>
}

/** Stops it at the first SIGTERM or Ctrl-C and returns the exit code; the second one exits at once. */
export function runUntilSignal(running: Running): Promise<number> {
  return new Promise(stopped => {
    let stopping = false
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, async () => {
        if (stopping) process.exit(1)
        stopping = true
        stopped((await running.stop()) ? 0 : 1)
      })
    }
  })
}
