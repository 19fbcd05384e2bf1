// Events from the database: a page of them with their deliveries in short, or one with its deliveries.
import { and, eq, sql } from 'drizzle-orm'
import { formatDeliveryId, formatId, parseId } from '../../delivery/ids.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import { events } from '../../drizzle/schema/outbox.ts'
import type { Caller } from '../access/caller.ts'
import type { Database } from '../db.ts'
import { deliveriesOfEvent, toDelivery } from '../deliveries/read.ts'
import type { State } from '../deliveries/schema.ts'
import { JsonText } from '../http/json.ts'
import type { Walk } from '../http/pagination.ts'

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

export interface EventFilter {
  readonly type?: string | undefined
  readonly tenant?: string | undefined
  readonly key?: string | undefined
  /** Inclusive. */
  readonly since?: Date | undefined
  /** Exclusive. */
  readonly until?: Date | undefined
  /** Who wrote it. */
  readonly actor?: string | undefined
  /** A value in its data, as text. */
  readonly data?: { readonly path: readonly string[]; readonly value: string } | undefined
}

/** Looked at for a page at most: some 30 ms. */
const maxLooked = 3_000
const maxSearched = 2_000
const maxBytes = 8 * 1024 * 1024

/** Newest first, from before this id on. */
export async function walkEvents(
  db: Database,
  reader: Reader,
  { type, tenant, key, since, until, actor, data }: EventFilter,
  { before, limit }: { before: bigint | null; limit: number },
): Promise<Walk<queries.ListEventsRow>> {
  const { meta, rows } = await queries.listEvents(db.run, {
    before,
    page: limit,
    maxLooked: data ? maxSearched : maxLooked,
    maxBytes,
    type: type ?? null,
    tenant: tenant ?? null,
    key: key ?? null,
    actor: actor ?? null,
    since: since ?? null,
    until: until ?? null,
    dataPath: data?.path ?? null,
    dataValue: data?.value ?? null,
    readerTenant: reader.tenant,
  })
  const isOver = meta.isFull || meta.isComplete || meta.lookedTo === null
  return {
    rows,
    isFull: meta.isFull,
    goesOnAt: isOver ? null : [meta.lookedTo!],
    lookedTo: isOver ? null : new Date(meta.lookedToAt!).toISOString(),
  }
}

export async function findEvent(db: Database, publicId: string, reader: Reader) {
  const event = await selectEvent(db, publicId, reader)
  return event && toEvent(event)
}

/** And who wrote it, in which trace. */
export async function findEventWithOrigin(db: Database, publicId: string, reader: Reader) {
  const event = await selectEvent(db, publicId, reader)
  return event && { ...toEvent(event), actor: event.actor, traceparent: event.traceparent }
}

async function selectEvent(db: Database, publicId: string, { tenant }: Reader) {
  const key = parseId('evt', publicId)
  if (!key) return null
  const [event] = await db.build('read_event', builder =>
    builder
      .select({ ...eventColumns, actor: events.actor, traceparent: events.traceparent })
      .from(events)
      .where(
        and(
          eq(events.id, key.id),
          eq(events.nonce, key.nonce),
          tenant === null ? undefined : eq(events.tenant, tenant),
        ),
      ),
  )
  return event ?? null
}

export async function findEventWithDeliveries(db: Database, publicId: string, reader: Reader) {
  const key = parseId('evt', publicId)
  if (!key) return null
  const [event, deliveries] = await Promise.all([
    findEvent(db, publicId, reader),
    deliveriesOfEvent(db, { event: key, tenant: reader.tenant }),
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

/** As list_events.sql writes it. */
interface ShortDelivery {
  readonly id: string
  readonly nonce: number
  readonly state: State
}

export function toListedEvent(event: queries.ListEventsRow) {
  const deliveries: readonly ShortDelivery[] = JSON.parse(event.deliveries)
  return {
    ...toEvent({ ...event, timestamp: event.happenedAt }),
    deliveries: deliveries.map(({ id, nonce, state }) => ({
      id: formatDeliveryId(event.id, BigInt(id)),
      endpoint_id: formatId('ep', BigInt(id), nonce),
      state,
    })),
  }
}
