// A person wants a delivery sent once more: after the receiver was mended, or because they have lost it.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { parseDeliveryId } from '../../delivery/ids.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import { callerOf } from '../access/caller.ts'
import { defineRoute } from '../http/define-route.ts'
import { problem } from '../http/problem.ts'
import { reply } from '../http/reply.ts'
import { responses } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'
import { Delivery, findDelivery, toDelivery, unknownDelivery } from './deliveries.ts'

const postRedelivery = defineRoute({
  method: 'post',
  path: '/v1/deliveries/{id}/redeliver',
  summary: 'Send a delivery again, now and with a new retry budget',
  access: { tenants: true, cost: { bucket: 'redeliver', size: 300, perSecond: 10 } },
  request: { params: z.object({ id: z.string() }) },
  responses: responses(Delivery, 'The delivery, due now', 202),
})

export const redelivery = new OpenAPIHono<App>()

redelivery.openapi(postRedelivery, async c => {
  const caller = callerOf(c)
  const ids = parseDeliveryId(c.req.valid('param').id)
  if (!ids) return unknownDelivery()
  const found = await queries.redeliverDelivery(c.var.db.run, { ...ids, ...caller })
  if (!found) return unknownDelivery()
  const { tenant } = caller
  const { state, endpointState } = found
  if (endpointState === 'disabled') return problem(409, 'Its endpoint is disabled: resume that first.')
  if (state === 'sending') return problem(409, 'An attempt is under way: wait for what comes of it.')
  return reply(toDelivery((await findDelivery(c.var.db, ids, tenant))!, tenant), 202)
})
