// Events as they happened, and what became of each.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { and, desc, eq, gt, gte, lt, lte, sql } from 'drizzle-orm'
import { formatDeliveryId, formatId, parseId } from '../../delivery/ids.ts'
import { events as eventTable } from '../../drizzle/schema/outbox.ts'
import { type Caller, callerOf } from '../access/caller.ts'
import type { Database } from '../db.ts'
import { Delivery, findDeliveries, State, toDelivery } from '../deliveries/deliveries.ts'
import { defineRoute } from '../http/define-route.ts'
import { JsonText } from '../http/json.ts'
import { PageQuery, pageOf, replyPage } from '../http/pagination.ts'
import { problem } from '../http/problem.ts'
import { reply } from '../http/reply.ts'
import { responses, Time, TimeText, text } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'

export const Event = z
  .object({
    id: z.string().openapi({ example: 'evt_00000000000004d2a1b2c3d4' }),
    type: z.string().openapi({ example: 'order.shipped' }),
    key: z.string().nullable().openapi({ example: 'orders/17' }),
    tenant: z.string().nullable(),
    timestamp: Time,
    data: z.unknown().openapi({ description: 'Byte for byte as in the webhook' }),
  })
  .openapi('Event')

const ListedEvent = Event.extend({
  deliveries: z.array(z.object({ id: z.string(), endpoint_id: z.string(), state: State })),
}).openapi('ListedEvent')

const EventWithDeliveries = Event.extend({ deliveries: z.array(Delivery) }).openapi('EventWithDeliveries')

const listEvents = defineRoute({
  method: 'get',
  path: '/v1/events',
  summary: 'List events, newest first',
  access: { tenants: true },
  request: {
    query: z.strictObject({
      type: text(200).optional(),
      tenant: text(1000).optional(),
      key: text(1000).optional(),
      since: TimeText.optional().openapi({ description: 'Inclusive' }),
      until: TimeText.optional().openapi({ description: 'Exclusive' }),
      ...PageQuery,
    }),
  },
  responses: responses(pageOf(ListedEvent), 'A page of events'),
})

const readEvent = defineRoute({
  method: 'get',
  path: '/v1/events/{id}',
  summary: 'Read an event with its deliveries',
  access: { tenants: true },
  request: { params: z.object({ id: z.string() }) },
  responses: responses(EventWithDeliveries, 'The event'),
})

/** The time and the data as the webhook's body has them (drizzle/queries/fan_out.sql). */
const eventColumns = {
  id: eventTable.id,
  nonce: eventTable.nonce,
  type: eventTable.type,
  key: eventTable.key,
  tenant: eventTable.tenant,
  timestamp: sql<string>`to_char(${eventTable.occurred_at} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`,
  data: sql<string>`${eventTable.data}::text`,
}

/** By way of the endpoints, because deliveries are found by endpoint first. Ids as text: they may exceed a double. */
const deliveriesInShort = (tenant: string | null) => sql<string>`(
  select coalesce(json_agg(json_build_array(p.id::text, p.nonce, d.state) order by p.id), '[]')
  from outbox.endpoints p
  join outbox.deliveries d on d.endpoint_id = p.id and d.event_id = events.id
  where ${tenant}::text is null or p.tenant = ${tenant}::text
)::text`

/**
 * Where a time lies among the ids: no index knows times. Everything older has an id up to this one, but for clocks that
 * were set back by up to five minutes; so as an upper bound it is asked for a time that is ten minutes later.
 */
const lastBefore = (time: Date, minutesLater = 0) =>
  sql<bigint>`outbox.last_event_before(${time.toISOString()}::timestamptz + ${minutesLater} * interval '1 minute')`

export const events = new OpenAPIHono<App>()

events.openapi(listEvents, c => {
  const { type, tenant, key, since, until, ...page } = c.req.valid('query')
  const caller = callerOf(c)
  return replyPage(c, page, {
    read: (after, limit) =>
      c.var.db.build('list_events', builder =>
        builder
          .select({ ...eventColumns, deliveries: deliveriesInShort(caller.tenant) })
          .from(eventTable)
          .where(
            and(
              type === undefined ? undefined : eq(eventTable.type, type),
              tenant === undefined ? undefined : eq(eventTable.tenant, tenant),
              caller.tenant === null ? undefined : eq(eventTable.tenant, caller.tenant),
              key === undefined ? undefined : eq(eventTable.key, key),
              since && and(gte(eventTable.occurred_at, since), gt(eventTable.id, lastBefore(since))),
              until && and(lt(eventTable.occurred_at, until), lte(eventTable.id, lastBefore(until, 10))),
              after ? lt(eventTable.id, after[0]!) : undefined,
            ),
          )
          .orderBy(desc(eventTable.id))
          .limit(limit),
      ),
    positionOf: event => [event.id],
    write: event => ({ ...toEvent(event), deliveries: inShort(event) }),
  })
})

events.openapi(readEvent, async c => {
  const { id } = c.req.valid('param')
  const key = parseId('evt', id)
  if (!key) return unknownEvent()
  const { tenant } = callerOf(c)
  const [event, deliveries] = await Promise.all([
    findEvent(c.var.db, id, { tenant }),
    findDeliveries(c.var.db, { event: key, tenant }),
  ])
  return event
    ? reply({ ...toEvent(event), deliveries: deliveries.map(row => toDelivery(row, tenant)) })
    : unknownEvent()
})

export async function findEvent(db: Database, publicId: string, { tenant }: Pick<Caller, 'tenant'>) {
  const key = parseId('evt', publicId)
  if (!key) return undefined
  const [event] = await db.build('read_event', builder =>
    builder
      .select(eventColumns)
      .from(eventTable)
      .where(
        and(
          eq(eventTable.id, key.id),
          eq(eventTable.nonce, key.nonce),
          tenant === null ? undefined : eq(eventTable.tenant, tenant),
        ),
      ),
  )
  return event
}

interface EventRow {
  id: bigint
  nonce: number
  type: string
  key: string | null
  tenant: string | null
  timestamp: string
  data: string
}

export function toEvent({ id, nonce, type, key, tenant, timestamp, data }: EventRow) {
  return { id: formatId('evt', id, nonce), type, key, tenant, timestamp, data: new JsonText(data) }
}

function inShort(event: { id: bigint; deliveries: string }) {
  const rows = JSON.parse(event.deliveries) as [id: string, nonce: number, state: z.infer<typeof State>][]
  return rows.map(([id, nonce, state]) => ({
    id: formatDeliveryId(event.id, BigInt(id)),
    endpoint_id: formatId('ep', BigInt(id), nonce),
    state,
  }))
}

const unknownEvent = () => problem(404, 'There is no such event.')
