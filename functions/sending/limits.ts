// What the platform allows a Worker that sends.
import type { Settings } from '../settings.ts'

const connections = 6

/**
 * The platform lets an invocation have six connections whose answer has not begun; a seventh would queue unseen. The
 * database's socket is one of them, SQL over HTTP is none while webhooks are sent.
 */
export const maxConnections = ({ driver }: Pick<Settings, 'driver'>): number =>
  driver === 'neon' ? connections : connections - 1
