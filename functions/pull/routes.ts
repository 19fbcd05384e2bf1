// Pulling over HTTP: work for a receiver that no sender can reach, and what came of it.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { callerOf } from '../access/caller.ts'
import { disabledEndpoint, unknownEndpoint } from '../endpoints/replies.ts'
import { EndpointId } from '../endpoints/schema.ts'
import { defineRoute } from '../http/define-route.ts'
import { problem } from '../http/problem.ts'
import { noContent, reply } from '../http/reply.ts'
import { body, emptyAnswer, responses } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'
import { type PulledDelivery, pull, settlePulled } from './operations.ts'
import { Pull, Pulled, PullSettlement } from './schema.ts'

const access = { tenants: true }

const postPull = defineRoute({
  method: 'post',
  path: '/v1/endpoints/{id}/pull',
  operationId: 'pullDeliveries',
  summary: 'Lease what is due of an endpoint of kind pull, as finished signed requests',
  access,
  request: { params: EndpointId, body: body(Pull) },
  responses: responses(Pulled, 'What to send, in this order'),
})

const postSettlement = defineRoute({
  method: 'post',
  path: '/v1/deliveries/{id}/settle',
  operationId: 'settleDelivery',
  summary: 'Say what came of a delivery that was pulled',
  access,
  request: { params: z.object({ id: z.string() }), body: body(PullSettlement) },
  responses: emptyAnswer('It is recorded'),
})

export const pulls = new OpenAPIHono<App>()

pulls.openapi(postPull, async c => {
  const { db, settings } = c.var
  const result = await pull(db, settings, callerOf(c), c.req.valid('param').id, c.req.valid('json'))
  if (result === 'unknown') return unknownEndpoint()
  if (result === 'disabled') return disabledEndpoint()
  if ('heldBy' in result) {
    const { heldBy, seenSeconds } = result
    return problem(
      409,
      `${heldBy} pulls from this endpoint, the last time ${seenSeconds.toFixed(1)} s ago: wait until it stops, or take over.`,
      { type: 'pull-taken' },
    )
  }
  const { pulled, meta, leaseSeconds } = result
  return reply({
    state: meta.state,
    data: pulled.map(one => toPulled(one, leaseSeconds)),
    waiting: meta.waiting,
    oldest_seconds: meta.oldestSeconds,
  })
})

pulls.openapi(postSettlement, async c => {
  const { db, settings } = c.var
  const settled = await settlePulled(db, settings, callerOf(c), c.req.valid('param').id, c.req.valid('json'))
  if (settled === 'unknown') return problem(404, 'There is no such delivery.')
  if (settled === 'lease lost')
    return problem(409, 'This lease is over: the delivery was given out again, or is settled.', {
      type: 'lease-lost',
    })
  return noContent()
})

function toPulled({ delivery, key, request }: PulledDelivery, leaseSeconds: number) {
  return {
    id: delivery.publicId,
    event_id: delivery.webhookId,
    type: delivery.type,
    key,
    attempt: delivery.attempt,
    sequence: delivery.sequence,
    lease: delivery.lease,
    lease_seconds: leaseSeconds,
    request: {
      method: 'POST',
      headers: headersOf(request.headers),
      body: new TextDecoder().decode(request.body),
    },
  }
}

/** A name, its value, the next name, … */
function headersOf(list: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {}
  for (let i = 0; i < list.length; i += 2) headers[list[i]!] = list[i + 1]!
  return headers
}
