// How things stand: from the API, or from the database where nothing serves.

import { formatId } from '../delivery/ids.ts'
import * as queries from '../drizzle/queries.gen.ts'
import type { EventTypes } from '../functions/events/types/schema.ts'
import type { Listeners } from '../functions/system/listeners/schema.ts'
import type { Stats } from '../functions/system/stats/schema.ts'
import type { Answer } from './api/answers.ts'
import type { ApiClient } from './api/client.ts'
import { type Connection, requireSchema } from './connection.ts'
import { countListeners, heldSentence, watchedTables } from './installation.ts'

/** As in GET /v1/stats: counting costs a quarter of a second at most. */
const maxCounted = 100_000
const maxEndpoints = 1_000

export interface Status
  extends Pick<Stats, 'deliveries' | 'capped' | 'delivered_last_hour' | 'oldest_pending_seconds'> {
  readonly endpoints: readonly Pick<
    Stats['endpoints'][number],
    'id' | 'state' | 'pending' | 'sending' | 'dead'
  >[]
  /** Why nothing is sent: the database may be a copy. null = nothing keeps senders from it. */
  readonly held: string | null
  readonly listeners: number
  readonly watched: readonly string[]
}

export async function readStatus(connection: Connection): Promise<Status> {
  const { run } = connection
  await requireSchema(run)
  const found = await queries.stats(run, {
    tenant: null,
    maxCounted,
    maxEndpoints,
    troubleFirst: false,
    only: null,
  })
  return {
    held: await heldSentence(connection),
    listeners: await countListeners(connection),
    watched: await watchedTables(connection),
    deliveries: { pending: found.pending, sending: found.sending, dead: found.dead },
    capped: found.isCapped ?? false,
    delivered_last_hour: found.delivered,
    oldest_pending_seconds: found.oldestPendingSeconds,
    endpoints: found.endpoints.map(({ id, nonce, state, pending, sending, dead }) => ({
      id: formatId('ep', id, nonce),
      state,
      pending,
      sending,
      dead,
    })),
  }
}

export async function statusFromApi(client: ApiClient): Promise<Status> {
  const [stats, listeners, types] = await Promise.all([
    client.get<Stats>('/v1/stats'),
    client.get<Answer<typeof Listeners>>('/v1/listeners'),
    client.get<Answer<typeof EventTypes>>('/v1/event-types'),
  ])
  const tables = types.data.flatMap(({ table }) => table?.replace(/^public\./, '') ?? [])
  return {
    held: listeners.held,
    listeners: listeners.data.filter(({ state }) => state !== 'silent').length,
    watched: [...new Set(tables)].sort(),
    ...stats,
  }
}
