// A process that is the whole outbox: from its start to its last signal.
import type { Environment } from '../delivery/settings.ts'
import { runUntilSignal } from '../worker/process.ts'
import { startServer } from './server.ts'
import { readServerSettings } from './settings.ts'

/**
 * Returns the exit code once it is stopped: 0 = every attempt is recorded. SIGTERM and Ctrl-C finish what is under way; a
 * second signal exits at once. Throws a SettingsError for a setting that is wrong.
 */
export async function runServer(env: Environment): Promise<number> {
  return runUntilSignal(await startServer(await readServerSettings(env)))
}
