// Deliveries for people: where each stands, and what its attempts saw.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { and, asc, desc, eq, lt, or, type SQL, sql } from 'drizzle-orm'
import { formatDeliveryId, formatId, parseDeliveryId } from '../../delivery/ids.ts'
import { redacted, redactedAttempt } from '../../delivery/redact.ts'
import {
  attempts,
  deliveryState,
  deliveries as deliveryTable,
  endpoints,
  events,
  sender,
} from '../../drizzle/schema.ts'
import { callerOf } from '../access/caller.ts'
import type { Database } from '../db.ts'
import { defineRoute } from '../http/define-route.ts'
import { PageQuery, type Position, pageOf, replyPage } from '../http/pagination.ts'
import { problem } from '../http/problem.ts'
import { reply } from '../http/reply.ts'
import { publicId, responses, Time } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'

export const State = z.enum(deliveryState.enumValues)

const concealment =
  'To a key with a tenant, all ways of not reaching an HTTP server are `unreachable`, and how long it took is not told'

export const Delivery = z
  .object({
    id: z.string().openapi({ example: 'dlv_00000000000004d20000000000000001' }),
    event_id: z.string(),
    endpoint_id: z.string(),
    state: State,
    attempt: z.int().openapi({ description: 'Attempts started so far' }),
    due_at: Time.nullable().openapi({ description: 'When the next attempt is due, if there is to be one' }),
    reason: z
      .string()
      .nullable()
      .openapi({ description: `What the last attempt failed with. ${concealment}` }),
    created_at: Time,
    finished_at: Time.nullable(),
  })
  .openapi('Delivery')

const Attempt = z
  .object({
    number: z.int().openapi({ description: 'From 1' }),
    started_at: Time,
    duration_ms: z.int().nullable(),
    response_status: z.int().nullable(),
    error: z
      .string()
      .nullable()
      .openapi({ description: `null = success. ${concealment}` }),
    response_body: z.string().nullable(),
    sender: z.enum(sender.enumValues),
  })
  .openapi('Attempt')

const DeliveryWithAttempts = Delivery.extend({ attempts: z.array(Attempt) }).openapi('DeliveryWithAttempts')

const listDeliveries = defineRoute({
  method: 'get',
  path: '/v1/deliveries',
  summary: 'List deliveries, those of the newest events first',
  access: { tenants: true },
  request: {
    query: z.strictObject({
      state: State.optional(),
      endpoint_id: publicId('ep').optional(),
      event_id: publicId('evt').optional(),
      ...PageQuery,
    }),
  },
  responses: responses(pageOf(Delivery), 'A page of deliveries'),
})

const readDelivery = defineRoute({
  method: 'get',
  path: '/v1/deliveries/{id}',
  summary: 'Read a delivery with its attempts',
  access: { tenants: true },
  request: { params: z.object({ id: z.string() }) },
  responses: responses(DeliveryWithAttempts, 'The delivery'),
})

export const deliveries = new OpenAPIHono<App>()

deliveries.openapi(listDeliveries, c => {
  const { state, endpoint_id, event_id, ...page } = c.req.valid('query')
  const filter = { state, endpoint: endpoint_id, event: event_id, tenant: callerOf(c).tenant }
  return replyPage(c, page, {
    read: (after, limit) => findDeliveries(c.var.db, filter, { after, limit }),
    positionOf: row => [row.eventId, row.endpointId],
    write: row => toDelivery(row, filter.tenant),
  })
})

deliveries.openapi(readDelivery, async c => {
  const ids = parseDeliveryId(c.req.valid('param').id)
  if (!ids) return unknownDelivery()
  const { tenant } = callerOf(c)
  const [delivery, log] = await Promise.all([
    findDelivery(c.var.db, ids, tenant),
    findAttempts(c.var.db, ids.eventId, ids.endpointId),
  ])
  if (!delivery) return unknownDelivery()
  return reply({ ...toDelivery(delivery, tenant), attempts: log.map(row => toAttempt(row, tenant)) })
})

/** With the public id's random half where the caller has one. */
interface RowKey {
  readonly id: bigint
  readonly nonce?: number
}

interface Filter {
  readonly state?: z.infer<typeof State> | undefined
  readonly endpoint?: RowKey | undefined
  readonly event?: RowKey | undefined
  /** Both the event and the endpoint must be theirs; null = whoever's. */
  readonly tenant: string | null
}

/** Looks at each endpoint's newest: deliveries have no index over all endpoints, because every one would have to pay for it. */
export function findDeliveries(db: Database, { state, endpoint, event, tenant }: Filter, page?: Page) {
  return db.build('list_deliveries', builder => {
    const newest = builder
      .select()
      .from(deliveryTable)
      .where(
        and(
          eq(deliveryTable.endpoint_id, endpoints.id),
          event && eq(deliveryTable.event_id, event.id),
          state && eq(deliveryTable.state, state),
          page?.after ? behind(page.after) : undefined,
          tenant === null ? undefined : ofTenant(tenant),
        ),
      )
      .orderBy(desc(deliveryTable.event_id))
      .limit(page?.limit ?? maxEndpoints)
      .as('newest')
    return builder
      .select({
        eventId: newest.event_id,
        eventNonce: events.nonce,
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

export async function findDelivery(
  db: Database,
  { eventId, endpointId }: { eventId: bigint; endpointId: bigint },
  tenant: string | null,
) {
  const [delivery] = await findDeliveries(db, {
    event: { id: eventId },
    endpoint: { id: endpointId },
    tenant,
  })
  return delivery
}

interface Page {
  readonly after: Position | null
  readonly limit: number
}

/** More than anybody has: without a page, all deliveries of one event are wanted. */
const maxEndpoints = 100_000

function behind([eventId, endpointId]: Position): SQL | undefined {
  return or(
    lt(deliveryTable.event_id, eventId!),
    and(eq(deliveryTable.event_id, eventId!), lt(deliveryTable.endpoint_id, endpointId ?? 0n)),
  )
}

function ofTenant(tenant: string): SQL {
  return sql`exists (select from outbox.events e where e.id = ${deliveryTable.event_id} and e.tenant = ${tenant})`
}

function findAttempts(db: Database, eventId: bigint, endpointId: bigint) {
  return db.build('list_attempts', builder =>
    builder
      .select()
      .from(attempts)
      .where(and(eq(attempts.endpoint_id, endpointId), eq(attempts.event_id, eventId)))
      .orderBy(asc(attempts.number)),
  )
}

type DeliveryRow = Awaited<ReturnType<typeof findDeliveries>>[number]

export function toDelivery(row: DeliveryRow, tenant: string | null): z.infer<typeof Delivery> {
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

function toAttempt(row: typeof attempts.$inferSelect, tenant: string | null): z.infer<typeof Attempt> {
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

export const unknownDelivery = () => problem(404, 'There is no such delivery.')
