// Deliveries from the database: all of one event, or one with its attempts (list.ts reads pages of them). What a tenant may not know of a
// failure is redacted here.
import { and, asc, desc, eq, isNull, or } from 'drizzle-orm'
import { formatDeliveryId, formatId, parseDeliveryId } from '../../delivery/ids.ts'
import { redacted, redactedAttempt } from '../../delivery/redact.ts'
import { attempts, deliveries, endpoints, events } from '../../drizzle/schema.ts'
import type { Caller } from '../access/caller.ts'
import type { Database } from '../db.ts'
import type { Attempt, Delivery, DeliveryWithAttempts } from './schema.ts'

type Reader = Pick<Caller, 'tenant'>

/** With the public id's random half if the caller gave one. */
export interface RowKey {
  readonly id: bigint
  readonly nonce?: number
}

/** `tenant`: both the event and the endpoint must be this tenant's; null = any. */
interface Which {
  readonly event: RowKey
  readonly endpoint?: RowKey
  readonly tenant: string | null
}

/**
 * All deliveries of one event, or the one to this endpoint. Deliveries are found by endpoint first, so it looks at those that can
 * have one: of the event's own tenant, of none, or of another one before.
 */
export function deliveriesOfEvent(db: Database, { event, endpoint, tenant }: Which) {
  return db.build('deliveries_of_event', builder =>
    builder
      .select({
        eventId: deliveries.event_id,
        eventNonce: events.nonce,
        endpointId: deliveries.endpoint_id,
        endpointNonce: endpoints.nonce,
        state: deliveries.state,
        attempt: deliveries.attempt,
        dueAt: deliveries.due_at,
        reason: deliveries.reason,
        createdAt: deliveries.created_at,
        finishedAt: deliveries.finished_at,
      })
      .from(events)
      .innerJoin(
        endpoints,
        or(eq(endpoints.tenant, events.tenant), isNull(endpoints.tenant), endpoints.changed_tenant),
      )
      .innerJoin(deliveries, and(eq(deliveries.endpoint_id, endpoints.id), eq(deliveries.event_id, event.id)))
      .where(
        and(
          eq(events.id, event.id),
          endpoint && eq(endpoints.id, endpoint.id),
          event.nonce === undefined ? undefined : eq(events.nonce, event.nonce),
          tenant === null ? undefined : and(eq(endpoints.tenant, tenant), eq(events.tenant, tenant)),
        ),
      )
      .orderBy(desc(deliveries.endpoint_id)),
  )
}

export async function findDelivery(db: Database, { tenant }: Reader, id: string): Promise<Delivery | null> {
  const ids = parseDeliveryId(id)
  if (!ids) return null
  const [delivery] = await deliveriesOfEvent(db, {
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

function listAttempts(db: Database, eventId: bigint, endpointId: bigint) {
  return db.build('list_attempts', builder =>
    builder
      .select()
      .from(attempts)
      .where(and(eq(attempts.endpoint_id, endpointId), eq(attempts.event_id, eventId)))
      .orderBy(asc(attempts.number)),
  )
}

type DeliveryRow = Awaited<ReturnType<typeof deliveriesOfEvent>>[number]

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
