// Edge sending without workerd: the real dispatcher, and what it has put into its queues.
import { createEdge } from '../../functions/edge/edge.ts'
import type { Token } from '../../functions/edge/messages.ts'
import type { TestDatabase } from './database.ts'
import { startObject } from './durable-object.ts'
import { testSettings } from './settings.ts'

/** `tokens`: taken out by the test, as a consumer would. */
export function startDispatcher(db: TestDatabase, settings: Readonly<Record<string, string>> = {}) {
  const tokens: Token[] = []
  const queue = {
    sendBatch: async (messages: { body: unknown }[]) =>
      void tokens.push(...messages.map(({ body }) => body as Token)),
  }
  const queues = { OUTBOX_EDGE_SENDING: 'on', OUTBOX_QUEUE: queue, OUTBOX_SLOW_QUEUE: queue }
  const envWith = (OUTBOX_DISPATCHER: unknown) =>
    ({ ...testSettings, ...db.env, ...queues, ...settings, OUTBOX_DISPATCHER }) as never
  const dispatcher = startObject(createEdge().Dispatcher, envWith)
  return { dispatcher, tokens, env: envWith(dispatcher.binding) }
}
