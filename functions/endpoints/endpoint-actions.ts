// What an operator does to an endpoint in a hurry: pause, resume, disable, send it a test.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { formatDeliveryId, formatId, parseId } from '../../delivery/ids.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import { callerOf } from '../access/caller.ts'
import { defineRoute } from '../http/define-route.ts'
import { problem } from '../http/problem.ts'
import { reply } from '../http/reply.ts'
import { responses } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'
import { Endpoint, EndpointId, unknownEndpoint } from './endpoint.ts'
import { replyEndpoint, updateEndpoint } from './update-endpoint.ts'

const pause = action('pause', 'Stop sending at once; deliveries pile up until it is resumed')
const resume = action('resume', 'Go on sending, also to a disabled endpoint, with a clean slate')
const disable = action(
  'disable',
  'Stop sending and make no more deliveries; a replay brings back what was missed',
)

const sendTest = defineRoute({
  method: 'post',
  path: '/v1/endpoints/{id}/test',
  summary: 'Send one event of type outbox.test to this endpoint alone',
  access: { tenants: true, cost: { bucket: 'test', size: 60, perSecond: 1 } },
  request: { params: EndpointId },
  responses: responses(
    z.object({ event_id: z.string(), delivery_id: z.string() }).openapi('TestSent'),
    'It is on its way',
    202,
  ),
})

export const endpointActions = new OpenAPIHono<App>()

endpointActions.openapi(pause, async c => {
  const { id } = c.req.valid('param')
  const refusal = await updateEndpoint(c, id, 'endpoint.paused', { state: 'paused' }, ['active', 'paused'])
  return refusal ?? replyEndpoint(c, id)
})

endpointActions.openapi(resume, async c => {
  const { id } = c.req.valid('param')
  const refusal = await updateEndpoint(c, id, 'endpoint.resumed', { state: 'active', disabled_reason: null })
  return refusal ?? replyEndpoint(c, id)
})

endpointActions.openapi(disable, async c => {
  const { id } = c.req.valid('param')
  const refusal = await updateEndpoint(c, id, 'endpoint.disabled', {
    state: 'disabled',
    disabled_reason: 'manual',
  })
  return refusal ?? replyEndpoint(c, id)
})

endpointActions.openapi(sendTest, async c => {
  const key = parseId('ep', c.req.valid('param').id)
  if (!key) return unknownEndpoint()
  const found = await queries.sendTest(c.var.db.run, { ...key, ...callerOf(c) })
  if (!found) return unknownEndpoint()
  const { eventId, eventNonce } = found
  if (eventId === null || eventNonce === null)
    return problem(409, 'The endpoint is disabled: resume it first.')
  return reply(
    { event_id: formatId('evt', eventId, eventNonce), delivery_id: formatDeliveryId(eventId, key.id) },
    202,
  )
})

function action<Name extends string>(name: Name, summary: string) {
  return defineRoute({
    method: 'post',
    path: `/v1/endpoints/{id}/${name}`,
    summary,
    access: { tenants: true },
    request: { params: EndpointId },
    responses: responses(Endpoint, 'The endpoint as it is now'),
  })
}
