// Edge sending and the doorbell for a Worker, beside createOutbox(). Each is used only where wrangler.toml binds it:
//
//   const edge = createEdge()
//   export const OutboxDispatcher = edge.Dispatcher
//   export const OutboxDoorbell = edge.Doorbell
//   export default { fetch: outbox.fetch, scheduled: outbox.scheduled, queue: edge.queue }
import { doorbellFor } from '../doorbell/doorbell.ts'
import { overriddenBy, type SettingsOption } from '../environment.ts'
import type { Env } from '../settings.ts'
import { consume } from './consume.ts'
import { dispatcherFor } from './dispatcher.ts'
import { parseToken } from './messages.ts'

/** Messages that a queue hands over, as far as they are used. */
export interface MessageBatch {
  /** The name of the queue: the one of the slow endpoints ends with `slow`. */
  readonly queue: string
  readonly messages: readonly { readonly body: unknown }[]
}

export interface Edge {
  /** The consumer of both queues. */
  queue(batch: MessageBatch, env: Env): Promise<void>
  /** Classes of Durable Objects: export them under the names that wrangler.toml gives them. */
  readonly Dispatcher: ReturnType<typeof dispatcherFor>
  readonly Doorbell: ReturnType<typeof doorbellFor>
}

export function createEdge({ settings }: { readonly settings?: SettingsOption } = {}): Edge {
  const environmentOf = overriddenBy(settings)
  return {
    async queue({ queue, messages }, env) {
      const lane = queue.endsWith('slow') ? 'slow' : 'fast'
      const tokens = messages.flatMap(({ body }) => parseToken(body) ?? [])
      await Promise.all(tokens.map(token => consume(environmentOf(env), token, lane)))
    },
    Dispatcher: dispatcherFor(environmentOf),
    Doorbell: doorbellFor(environmentOf),
  }
}
