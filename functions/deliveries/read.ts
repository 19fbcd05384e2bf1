// Deliveries from the database: a page of them, all of one event, or one with its attempts. What a tenant may not know of a
// failure is redacted here.
import { and, asc, desc, eq, lt, or, type SQL, sql } from 'drizzle-orm'
import { formatDeliveryId, formatId, parseDeliveryId } from '../../delivery/ids.ts'
import { redacted, redactedAttempt } from '../../delivery/redact.ts'
import { attempts, deliveries, endpoints, events } from '../../drizzle/schema.ts'
import type { Caller } from '../access/caller.ts'
import type { Database } from '../db.ts'
import type { Position } from '../http/cursor.ts'
import type { Attempt, Delivery, DeliveryWithAttempts, State } from './schema.ts'

type Reader = Pick<Caller, 'tenant'>

/** With the public id's random half if the caller gave one. */
interface RowKey {
  readonly id: bigint
  readonly nonce?: number
}

export interface DeliveryFilter {
  readonly state?: State | undefined
  readonly endpoint?: RowKey | undefined
  readonly event?: RowKey | undefined
  /** Both the event and the endpoint must be this tenant's; null = any. */
  readonly tenant: string | null
}

interface Page {
  readonly after: Position | null
  readonly limit: number
}

/** More than anybody has: without a page, all deliveries of one event are wanted. */
const maxEndpoints = 100_000

/** Looks at each endpoint's newest: an index over the deliveries of all endpoints would cost every delivery. */
export function listDeliveries(
  db: Database,
  { state, endpoint, event, tenant }: DeliveryFilter,
  page?: Page,
) {
  return db.build('list_deliveries', builder => {
    const newest = builder
      .select()
      .from(deliveries)
      .where(
        and(
          eq(deliveries.endpoint_id, endpoints.id),
          event && eq(deliveries.event_id, event.id),
          state && eq(deliveries.state, state),
          page?.after ? behind(page.after) : undefined,
          tenant === null ? undefined : ofTenant(tenant),
        ),
      )
      .orderBy(desc(deliveries.event_id))
      .limit(page?.limit ?? maxEndpoints)
      .as('newest')
    return builder
      .select({
        eventId: newest.event_id,
        eventNonce: events.nonce,
        type: events.type,
        key: events.key,
        url: endpoints.url,
        endpointId: newest.endpoint_id,
        endpointNonce: endpoints.nonce,
        state: newest.state,
        attempt: newest.attempt,
        dueAt: newest.due_at,
        reason: newest.reason,
        createdAt: newest.created_at,
        finishedAt: newest.finished_at,
      })
      .from(endpoints)
      .crossJoinLateral(newest)
      .innerJoin(events, eq(events.id, newest.event_id))
      .where(
        and(
          endpoint && eq(endpoints.id, endpoint.id),
          endpoint?.nonce === undefined ? undefined : eq(endpoints.nonce, endpoint.nonce),
          event?.nonce === undefined ? undefined : eq(events.nonce, event.nonce),
          tenant === null ? undefined : eq(endpoints.tenant, tenant),
        ),
      )
      .orderBy(desc(newest.event_id), desc(newest.endpoint_id))
      .limit(page?.limit ?? maxEndpoints)
  })
}

export async function findDelivery(db: Database, { tenant }: Reader, id: string): Promise<Delivery | null> {
  const ids = parseDeliveryId(id)
  if (!ids) return null
  const [delivery] = await listDeliveries(db, {
    event: { id: ids.eventId },
    endpoint: { id: ids.endpointId },
    tenant,
  })
  return delivery ? toDelivery(delivery, tenant) : null
}

export async function findDeliveryWithAttempts(
  db: Database,
  reader: Reader,
  id: string,
): Promise<DeliveryWithAttempts | null> {
  const ids = parseDeliveryId(id)
  if (!ids) return null
  const [delivery, log] = await Promise.all([
    findDelivery(db, reader, id),
    listAttempts(db, ids.eventId, ids.endpointId),
  ])
  return delivery && { ...delivery, attempts: log.map(row => toAttempt(row, reader.tenant)) }
}

function behind([eventId, endpointId]: Position): SQL | undefined {
  return or(
    lt(deliveries.event_id, eventId!),
    and(eq(deliveries.event_id, eventId!), lt(deliveries.endpoint_id, endpointId ?? 0n)),
  )
}

function ofTenant(tenant: string): SQL {
  return sql`exists (select from outbox.events e where e.id = ${deliveries.event_id} and e.tenant = ${tenant})`
}

function listAttempts(db: Database, eventId: bigint, endpointId: bigint) {
  return db.build('list_attempts', builder =>
    builder
      .select()
      .from(attempts)
      .where(and(eq(attempts.endpoint_id, endpointId), eq(attempts.event_id, eventId)))
      .orderBy(asc(attempts.number)),
  )
}

type DeliveryRow = Awaited<ReturnType<typeof listDeliveries>>[number]

export function toDelivery(row: DeliveryRow, tenant: string | null): Delivery {
  return {
    id: formatDeliveryId(row.eventId, row.endpointId),
    event_id: formatId('evt', row.eventId, row.eventNonce),
    endpoint_id: formatId('ep', row.endpointId, row.endpointNonce),
    state: row.state,
    attempt: row.attempt,
    due_at: row.state === 'pending' ? row.dueAt.toISOString() : null,
    reason: tenant === null ? row.reason : redacted(row.reason),
    created_at: row.createdAt.toISOString(),
    finished_at: row.finishedAt?.toISOString() ?? null,
  }
}

function toAttempt(row: typeof attempts.$inferSelect, tenant: string | null): Attempt {
  const shown = tenant === null ? row : redactedAttempt(row)
  return {
    number: shown.number,
    started_at: shown.started_at.toISOString(),
    duration_ms: shown.duration_ms,
    response_status: shown.response_status,
    error: shown.error,
    response_body: shown.response_body,
    sender: shown.sender,
  }
}
