// Actions on an endpoint over HTTP: pause, resume, disable, rotate its key, send it a test.
import { OpenAPIHono } from '@hono/zod-openapi'
import { callerOf } from '../access/caller.ts'
import { defineRoute } from '../http/define-route.ts'
import { badInput, problem } from '../http/problem.ts'
import { reply } from '../http/reply.ts'
import { optionalBody, responses } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'
import { disableEndpoint, pauseEndpoint, resumeEndpoint, sendTest } from './operations.ts'
import { findEndpoint } from './read.ts'
import { disabledEndpoint, replyChanged, unknownEndpoint } from './replies.ts'
import { maxKeys, rotateKey } from './rotation.ts'
import { Endpoint, EndpointId, Rotation, ShownKey, TestSent, testCost } from './schema.ts'
import { showKey } from './signing-key.ts'

const postPause = action('pause', 'Stop sending at once; deliveries pile up until it is resumed')
const postResume = action('resume', 'Go on sending, also to a disabled endpoint, with a clean slate')
const postDisable = action(
  'disable',
  'Stop sending and make no more deliveries; a replay brings back what was missed',
)

const postRotation = defineRoute({
  method: 'post',
  path: '/v1/endpoints/{id}/rotate',
  operationId: 'rotateSecret',
  summary: 'Sign with a new key, and for a while with the old one too',
  access: { tenants: true },
  request: { params: EndpointId, body: optionalBody(Rotation) },
  responses: responses(
    Endpoint.extend(ShownKey).openapi('RotatedEndpoint'),
    'The endpoint and its new key, shown this once',
  ),
})

const postTest = defineRoute({
  method: 'post',
  path: '/v1/endpoints/{id}/test',
  operationId: 'testEndpoint',
  summary: 'Send one event of type outbox.test to this endpoint alone',
  access: { tenants: true, cost: testCost },
  request: { params: EndpointId },
  responses: responses(TestSent, 'It is on its way', 202),
})

export const endpointActions = new OpenAPIHono<App>()

endpointActions.openapi(postPause, async c => {
  const { id } = c.req.valid('param')
  return replyChanged(c, id, await pauseEndpoint(c.var.db, callerOf(c), id))
})

endpointActions.openapi(postResume, async c => {
  const { id } = c.req.valid('param')
  return replyChanged(c, id, await resumeEndpoint(c.var.db, callerOf(c), id))
})

endpointActions.openapi(postDisable, async c => {
  const { id } = c.req.valid('param')
  return replyChanged(c, id, await disableEndpoint(c.var.db, callerOf(c), id))
})

endpointActions.openapi(postRotation, async c => {
  const { db, settings } = c.var
  const caller = callerOf(c)
  const { id } = c.req.valid('param')
  const rotation = Rotation.parse(c.req.valid('json') ?? {})
  const rotated = await rotateKey(db, settings.keyring, caller, id, rotation)
  if (rotated === 'unknown') return unknownEndpoint()
  if (rotated === 'collision') return problem(409, 'Somebody else rotated it at this very moment.')
  if (rotated === 'too many keys') {
    return problem(
      409,
      `${maxKeys} keys sign already: wait until one has ended, or end all with overlap_seconds 0.`,
    )
  }
  if ('wrongInput' in rotated) return badInput(...rotated.wrongInput)
  const endpoint = await findEndpoint(db, id, caller)
  return endpoint ? reply({ ...endpoint, ...showKey(rotated.key) }) : unknownEndpoint()
})

endpointActions.openapi(postTest, async c => {
  const sent = await sendTest(c.var.db, callerOf(c), c.req.valid('param').id)
  if (sent === 'unknown') return unknownEndpoint()
  if (sent === 'disabled') return disabledEndpoint()
  return reply({ event_id: sent.eventId, delivery_id: sent.deliveryId }, 202)
})

function action<Name extends string>(name: Name, summary: string) {
  return defineRoute({
    method: 'post',
    path: `/v1/endpoints/{id}/${name}`,
    operationId: `${name}Endpoint`,
    summary,
    access: { tenants: true },
    request: { params: EndpointId },
    responses: responses(Endpoint, 'The endpoint as it is now'),
  })
}
