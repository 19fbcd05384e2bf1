// Deliveries over HTTP: where each stands, what its attempts saw, and sending one again.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { callerOf } from '../access/caller.ts'
import { defineRoute } from '../http/define-route.ts'
import { PageQuery, replyWalk, walkOf } from '../http/pagination.ts'
import { problem } from '../http/problem.ts'
import { reply } from '../http/reply.ts'
import { publicId, responses, TimeText, text } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'
import { toRow, walkDeliveries } from './list.ts'
import { redeliver } from './operations.ts'
import { findDelivery, findDeliveryWithAttempts, toDelivery } from './read.ts'
import {
  Delivery,
  DeliveryWithAttempts,
  ListedError,
  ResponseStatus,
  redeliverCost,
  State,
} from './schema.ts'

const inPath = z.object({ id: z.string() })

const getDeliveries = defineRoute({
  method: 'get',
  path: '/v1/deliveries',
  operationId: 'listDeliveries',
  summary: 'List deliveries, those of the newest events first',
  access: { tenants: true },
  request: {
    query: z.strictObject({
      state: State.optional(),
      endpoint_id: publicId('ep').optional(),
      event_id: publicId('evt').optional(),
      error: ListedError.optional().openapi({ description: 'What the last attempt failed with' }),
      response_status: ResponseStatus.optional().openapi({
        description:
          'What the last attempt was answered: 503, or 5xx. Those that were delivered later are not 5xx',
      }),
      type: text(200).optional().openapi({ description: "The event's" }),
      tenant: text(1000).optional().openapi({ description: "The event's" }),
      key: text(1000).optional().openapi({ description: "The event's" }),
      since: TimeText.optional().openapi({ description: 'Of events from this time on' }),
      until: TimeText.optional().openapi({ description: 'Of events before this time' }),
      ...PageQuery,
    }),
  },
  responses: responses(walkOf(Delivery), 'A page of deliveries'),
})

const getDelivery = defineRoute({
  method: 'get',
  path: '/v1/deliveries/{id}',
  operationId: 'getDelivery',
  summary: 'Read a delivery with its attempts',
  access: { tenants: true },
  request: { params: inPath },
  responses: responses(DeliveryWithAttempts, 'The delivery'),
})

const postRedelivery = defineRoute({
  method: 'post',
  path: '/v1/deliveries/{id}/redeliver',
  operationId: 'redeliver',
  summary: 'Send a delivery again, now and with a new retry budget',
  access: { tenants: true, cost: redeliverCost },
  request: { params: inPath },
  responses: responses(Delivery, 'The delivery, due now', 202),
})

export const deliveries = new OpenAPIHono<App>()

deliveries.openapi(getDeliveries, c => {
  const { limit, cursor, endpoint_id, event_id, response_status, ...filter } = c.req.valid('query')
  const { tenant } = callerOf(c)
  const wanted = { ...filter, endpoint: endpoint_id, event: event_id, status: response_status }
  return replyWalk(
    c,
    { limit, cursor },
    {
      read: (after, rows) => walkDeliveries(c.var.db, tenant, wanted, { after, limit: rows }),
      positionOf: row => [row.eventId, row.endpointId],
      write: row => toDelivery(toRow(row), tenant),
    },
  )
})

deliveries.openapi(getDelivery, async c => {
  const delivery = await findDeliveryWithAttempts(c.var.db, callerOf(c), c.req.valid('param').id)
  return delivery ? reply(delivery) : unknownDelivery()
})

deliveries.openapi(postRedelivery, async c => {
  const { id } = c.req.valid('param')
  const caller = callerOf(c)
  switch (await redeliver(c.var.db, caller, id)) {
    case 'redelivered':
      return reply((await findDelivery(c.var.db, caller, id))!, 202)
    case 'unknown':
      return unknownDelivery()
    case 'endpoint disabled':
      return problem(409, 'Its endpoint is disabled: resume that first.', { type: 'endpoint-disabled' })
    case 'sending':
      return problem(409, 'An attempt is under way: wait for what comes of it.', {
        type: 'attempt-under-way',
      })
  }
})

const unknownDelivery = () => problem(404, 'There is no such delivery.')
