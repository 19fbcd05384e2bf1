// `outbox/listener`: a listener inside a process of yours. The command `outbox listener` is a process of its own.
import type { Send } from '../delivery/send.ts'
import { type Environment, readDeliverySettings } from '../delivery/settings.ts'
import { type Listener, startListener as start } from '../worker/listener.ts'
import { createTransport as create } from '../worker/send/transport.ts'
import { readListenerSettings } from '../worker/settings.ts'

export { SettingsError } from '../delivery/settings.ts'
/** For `createOutbox({ readAsset })` in a Node server of yours: the console's style and scripts, from this package. */
export { readAsset } from '../server/console-assets.ts'
export type { Environment, Listener }

/**
 * The settings are named as in the environment: DATABASE_URL_UNPOOLED and OUTBOX_MASTER_KEYS are required. Rejects with a
 * SettingsError that says which one is wrong. A database that cannot be reached is waited for.
 */
export async function startListener(settings: Environment = process.env): Promise<Listener> {
  return start(readListenerSettings(settings))
}

export interface Transport {
  readonly send: Send
  /** Once nothing is in flight. */
  close(): Promise<void>
}

/**
 * For `createOutbox({ send })` in a Node server of yours: what leaves through it is checked at the address that is dialled,
 * as the listener checks it. OUTBOX_MASTER_KEYS is required.
 */
export function createTransport(settings: Environment = process.env): Transport {
  const transport = create(readDeliverySettings(settings), undefined, settings.OUTBOX_EGRESS_PROXY ?? null)
  return { send: transport.send, close: () => transport.close() }
}
