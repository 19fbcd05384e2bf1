// The functions with a doorbell, in real workerd, as [env.edge] of wrangler.toml binds it, and without edge sending.
import { type Api, startApi } from '../functions/api.ts'
import { startWorkerdWorker, type WorkerdWorker } from './worker.ts'
import type { Extras } from './workerd.ts'

const bindings: Extras = {
  durableObjects: { OUTBOX_DOORBELL: { className: 'OutboxDoorbell', useSQLite: true } },
}

export const startDoorbellWorker = (env: Record<string, string>): Promise<WorkerdWorker> =>
  startWorkerdWorker(env, 'functions/index.js', bindings)

export const startDoorbellApi = (env: Record<string, string> = {}): Promise<Api> =>
  startApi(env, startDoorbellWorker)
