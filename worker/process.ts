// A process that is one listener: from its start to its last signal.
import type { Environment } from '../delivery/settings.ts'
import { startListener } from './listener.ts'
import { readListenerSettings } from './settings.ts'

/**
 * Returns the exit code once it is stopped: 0 = every attempt is recorded. SIGTERM finishes what is in flight; a second signal
 * exits at once. Throws a SettingsError for a setting that is wrong.
 */
export async function runListener(env: Environment): Promise<number> {
  const listener = await startListener(readListenerSettings(env))
  return new Promise(stopped => {
    let stopping = false
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, async () => {
        if (stopping) process.exit(1)
        stopping = true
        stopped((await listener.stop()) ? 0 : 1)
      })
    }
  })
}
