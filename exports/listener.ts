// `outbox/listener`: a listener inside a process of yours. The command `outbox listener` is a process of its own.
import type { Environment } from '../delivery/settings.ts'
import { type Listener, startListener as start } from '../worker/listener.ts'
import { readListenerSettings } from '../worker/settings.ts'

export { SettingsError } from '../delivery/settings.ts'
export type { Environment, Listener }

/**
 * The settings are named as in the environment: DATABASE_URL_UNPOOLED and OUTBOX_MASTER_KEYS are required. Rejects with a
 * SettingsError that says which one is wrong. A database that cannot be reached is waited for.
 */
export async function startListener(settings: Environment = process.env): Promise<Listener> {
  return start(readListenerSettings(settings))
}
