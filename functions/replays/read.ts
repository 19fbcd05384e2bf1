// Replays from the database: a page of them, or one and how far it has come.
import { and, desc, eq, lt, ne, or, sql } from 'drizzle-orm'
import { formatId, parseId } from '../../delivery/ids.ts'
import { endpoints } from '../../drizzle/schema/outbox.ts'
import { replays } from '../../drizzle/schema/replays.ts'
import type { Caller } from '../access/caller.ts'
import type { Database } from '../db.ts'
import { JsonText } from '../http/json.ts'
import type { Replay } from './schema.ts'

type Reader = Pick<Caller, 'tenant'>

interface RowKey {
  readonly id: bigint
  readonly nonce: number
}

export interface ReplayFilter {
  readonly key?: RowKey
  readonly endpoint?: RowKey | undefined
}

/** Newest first, from before this id on. */
export function listReplays(
  db: Database,
  { tenant }: Reader,
  { key, endpoint }: ReplayFilter,
  before: bigint | undefined,
  limit: number,
) {
  return db.build('list_replays', builder =>
    builder
      .select({
        replay: replays,
        endpointNonce: endpoints.nonce,
        url: endpoints.url,
        filter: sql<string | null>`${replays.filter}::text`,
      })
      .from(replays)
      .leftJoin(endpoints, eq(endpoints.id, replays.endpoint_id))
      .where(
        and(
          ne(replays.state, 'previewed'),
          key && and(eq(replays.id, key.id), eq(replays.nonce, key.nonce)),
          endpoint && and(eq(replays.endpoint_id, endpoint.id), eq(endpoints.nonce, endpoint.nonce)),
          before === undefined ? undefined : lt(replays.id, before),
          tenant === null ? undefined : or(eq(endpoints.tenant, tenant), eq(replays.tenant, tenant)),
        ),
      )
      .orderBy(desc(replays.id))
      .limit(limit),
  )
}

export async function findReplay(
  db: Database,
  reader: Reader,
  id: string,
): Promise<ReturnType<typeof toReplay> | null> {
  const key = parseId('rpl', id)
  if (!key) return null
  const [replay] = await listReplays(db, reader, { key }, undefined, 1)
  return replay ? toReplay(replay) : null
}

type ReplayRow = Awaited<ReturnType<typeof listReplays>>[number]

export function toReplay({ replay, endpointNonce, filter }: Omit<ReplayRow, 'url'>) {
  const { pinned, skipped } = replay
  return {
    id: formatId('rpl', replay.id, replay.nonce),
    endpoint_id: replay.endpoint_id === null ? null : formatId('ep', replay.endpoint_id, endpointNonce!),
    state: replay.state as Replay['state'],
    since: replay.since.toISOString(),
    until: replay.until.toISOString(),
    event_types: replay.event_types,
    only: replay.scope,
    rate_per_second: replay.rate_per_second,
    ...(pinned === null ? {} : { count: pinned, skipped, filter: new JsonText(filter!) }),
    replayed: replay.replayed,
    created_at: replay.created_at.toISOString(),
    finished_at: replay.finished_at?.toISOString() ?? null,
  }
}
