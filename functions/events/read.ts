// Events from the database: a page of them with their deliveries in short, or one with its deliveries.
import { and, desc, eq, gt, gte, lt, lte, sql } from 'drizzle-orm'
import { formatDeliveryId, formatId, parseId } from '../../delivery/ids.ts'
import { events } from '../../drizzle/schema/outbox.ts'
import type { Caller } from '../access/caller.ts'
import type { Database } from '../db.ts'
import { listDeliveries, toDelivery } from '../deliveries/read.ts'
import type { State } from '../deliveries/schema.ts'
import { JsonText } from '../http/json.ts'

type Reader = Pick<Caller, 'tenant'>

/** The time and the data as the webhook's body has them (drizzle/queries/fan_out.sql). */
const eventColumns = {
  id: events.id,
  nonce: events.nonce,
  type: events.type,
  key: events.key,
  tenant: events.tenant,
  timestamp: sql<string>`to_char(${events.occurred_at} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`,
  data: sql<string>`${events.data}::text`,
}

/** Through the endpoints, because deliveries are found by endpoint first. Ids as text: a double may not hold them. */
const deliveriesInShort = (tenant: string | null) => sql<string>`(
  select coalesce(json_agg(json_build_object('id', p.id::text, 'nonce', p.nonce, 'state', d.state) order by p.id), '[]')
  from outbox.endpoints p
  join outbox.deliveries d on d.endpoint_id = p.id and d.event_id = events.id
  where ${tenant}::text is null or p.tenant = ${tenant}::text
)::text`

/**
 * Where a time lies among the ids, because no index knows times. Everything older has an id up to this one, unless a clock was
 * set back; five minutes of that are allowed for. As an upper bound it is asked for a time ten minutes later.
 */
const lastBefore = (time: Date, minutesLater = 0) =>
  sql<bigint>`outbox.last_event_before(${time.toISOString()}::timestamptz + ${minutesLater} * interval '1 minute')`

export interface EventFilter {
  readonly type?: string | undefined
  readonly tenant?: string | undefined
  readonly key?: string | undefined
  /** Inclusive. */
  readonly since?: Date | undefined
  /** Exclusive. */
  readonly until?: Date | undefined
}

/** Newest first, from before this id on. */
export function listEvents(
  db: Database,
  reader: Reader,
  { type, tenant, key, since, until }: EventFilter,
  before: bigint | undefined,
  limit: number,
) {
  return db.build('list_events', builder =>
    builder
      .select({ ...eventColumns, deliveries: deliveriesInShort(reader.tenant) })
      .from(events)
      .where(
        and(
          type === undefined ? undefined : eq(events.type, type),
          tenant === undefined ? undefined : eq(events.tenant, tenant),
          reader.tenant === null ? undefined : eq(events.tenant, reader.tenant),
          key === undefined ? undefined : eq(events.key, key),
          since && and(gte(events.occurred_at, since), gt(events.id, lastBefore(since))),
          until && and(lt(events.occurred_at, until), lte(events.id, lastBefore(until, 10))),
          before === undefined ? undefined : lt(events.id, before),
        ),
      )
      .orderBy(desc(events.id))
      .limit(limit),
  )
}

export async function findEvent(db: Database, publicId: string, { tenant }: Reader) {
  const key = parseId('evt', publicId)
  if (!key) return null
  const [event] = await db.build('read_event', builder =>
    builder
      .select(eventColumns)
      .from(events)
      .where(
        and(
          eq(events.id, key.id),
          eq(events.nonce, key.nonce),
          tenant === null ? undefined : eq(events.tenant, tenant),
        ),
      ),
  )
  return event ? toEvent(event) : null
}

export async function findEventWithDeliveries(db: Database, publicId: string, reader: Reader) {
  const key = parseId('evt', publicId)
  if (!key) return null
  const [event, deliveries] = await Promise.all([
    findEvent(db, publicId, reader),
    listDeliveries(db, { event: key, tenant: reader.tenant }),
  ])
  return event && { ...event, deliveries: deliveries.map(row => toDelivery(row, reader.tenant)) }
}

interface EventRow {
  readonly id: bigint
  readonly nonce: number
  readonly type: string
  readonly key: string | null
  readonly tenant: string | null
  readonly timestamp: string
  readonly data: string
}

function toEvent({ id, nonce, type, key, tenant, timestamp, data }: EventRow) {
  return { id: formatId('evt', id, nonce), type, key, tenant, timestamp, data: new JsonText(data) }
}

/** As deliveriesInShort() writes it. */
interface ShortDelivery {
  readonly id: string
  readonly nonce: number
  readonly state: State
}

export function toListedEvent(event: EventRow & { readonly deliveries: string }) {
  const deliveries: readonly ShortDelivery[] = JSON.parse(event.deliveries)
  return {
    ...toEvent(event),
    deliveries: deliveries.map(({ id, nonce, state }) => ({
      id: formatDeliveryId(event.id, BigInt(id)),
      endpoint_id: formatId('ep', BigInt(id), nonce),
      state,
    })),
  }
}
