// A process that is the whole outbox: from its start to its last signal.
import type { Environment } from '../delivery/settings.ts'
import { startServer } from './server.ts'
import { readServerSettings } from './settings.ts'

/**
 * Returns the exit code once it is stopped: 0 = every attempt is recorded. SIGTERM and Ctrl-C finish what is under way; a
 * second signal exits at once. Throws a SettingsError for a setting that is wrong.
 */
export async function runServer(env: Environment): Promise<number> {
  const server = await startServer(await readServerSettings(env))
  return new Promise(stopped => {
    let stopping = false
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, async () => {
        if (stopping) process.exit(1)
        stopping = true
        stopped((await server.stop()) ? 0 : 1)
      })
    }
  })
}
