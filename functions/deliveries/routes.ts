// Deliveries over HTTP: where each stands, what its attempts saw, and sending one again.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { callerOf } from '../access/caller.ts'
import { defineRoute } from '../http/define-route.ts'
import { PageQuery, pageOf, replyPage } from '../http/pagination.ts'
import { problem } from '../http/problem.ts'
import { reply } from '../http/reply.ts'
import { publicId, responses } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'
import { redeliver } from './operations.ts'
import { findDelivery, findDeliveryWithAttempts, listDeliveries, toDelivery } from './read.ts'
import { Delivery, DeliveryWithAttempts, redeliverCost, State } from './schema.ts'

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
      ...PageQuery,
    }),
  },
  responses: responses(pageOf(Delivery), 'A page of deliveries'),
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
  const { state, endpoint_id, event_id, ...page } = c.req.valid('query')
  const { tenant } = callerOf(c)
  return replyPage(c, page, {
    read: (after, limit) =>
      listDeliveries(c.var.db, { state, endpoint: endpoint_id, event: event_id, tenant }, { after, limit }),
    positionOf: row => [row.eventId, row.endpointId],
    write: row => toDelivery(row, tenant),
  })
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
