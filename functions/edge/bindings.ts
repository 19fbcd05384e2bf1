// Edge sending: Cloudflare Queues between claim and send, so that as many Workers send as there is work for. What it needs of
// the environment, by the names of wrangler.toml, and only as much of their types as is used.
import { type Environment, expected, read, SettingsError } from '../../delivery/settings.ts'
import type { ObjectBinding } from './object.ts'

export interface Queue {
  sendBatch(messages: { body: unknown; contentType: 'json' }[]): Promise<unknown>
}

export interface EdgeBindings {
  readonly queue: Queue
  /** For endpoints that would keep the others waiting. */
  readonly slowQueue: Queue
  readonly dispatcher: ObjectBinding
}

const names = {
  queue: 'OUTBOX_QUEUE',
  slowQueue: 'OUTBOX_SLOW_QUEUE',
  dispatcher: 'OUTBOX_DISPATCHER',
} as const

/** null = edge sending is off, and senders are the listener and the cron function. */
export function edgeBindings(env: Environment): EdgeBindings | null {
  const setting = 'OUTBOX_EDGE_SENDING'
  const value = read(env, setting) ?? 'off'
  if (value !== 'on' && value !== 'off') throw expected(setting, 'on or off')
  if (value === 'off') return null
  const bound = env as Readonly<Record<string, unknown>>
  const missing = Object.values(names).filter(name => typeof bound[name] !== 'object' || bound[name] === null)
  if (missing.length > 0)
    throw new SettingsError(
      `${setting} is on and these bindings are missing: ${missing.join(', ')}. Expected two queues and a Durable Object, ` +
        'as [env.edge] in wrangler.toml has them.',
    )
  return {
    queue: bound[names.queue] as Queue,
    slowQueue: bound[names.slowQueue] as Queue,
    dispatcher: bound[names.dispatcher] as ObjectBinding,
  }
}
