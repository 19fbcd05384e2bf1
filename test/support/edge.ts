// The functions with edge sending on: real workerd with queues and the dispatcher, as [env.edge] of wrangler.toml binds them.
import { type Api, startApi } from '../functions/api.ts'
import { startWorkerdWorker, type WorkerdWorker } from './worker.ts'
import type { Extras } from './workerd.ts'

/**
 * Here one batch of a queue is consumed at a time, whatever `max_concurrency` says; the messages of a batch are at work together.
 * So in tests a batch has several messages, and is what several consumers are on Cloudflare.
 */
const consumer = { maxBatchSize: 10, maxBatchTimeout: 0, maxRetries: 3 }

const bindings: Extras = {
  queueProducers: { OUTBOX_QUEUE: { queueName: 'outbox' }, OUTBOX_SLOW_QUEUE: { queueName: 'outbox-slow' } },
  queueConsumers: { outbox: consumer, 'outbox-slow': consumer },
  durableObjects: { OUTBOX_DISPATCHER: { className: 'OutboxDispatcher', useSQLite: true } },
}

const settings = { OUTBOX_EDGE_SENDING: 'on', OUTBOX_CRON_SUBREQUESTS: '900' }

export const startEdgeWorker = (env: Record<string, string>, more: Extras = {}): Promise<WorkerdWorker> =>
  startWorkerdWorker({ ...settings, ...env }, 'functions/index.js', { ...bindings, ...more })

export async function startEdgeApi(
  env: Record<string, string> = {},
  more: Extras = {},
): Promise<Api & { worker: WorkerdWorker }> {
  let started: WorkerdWorker | undefined
  const api = await startApi(env, async all => (started = await startEdgeWorker(all, more)))
  return { ...api, worker: started! }
}
