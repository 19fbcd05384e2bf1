// GET /v1/deliveries/tail: attempts as they are recorded, as server-sent events.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { callerOf } from '../../access/caller.ts'
import { defineRoute } from '../../http/define-route.ts'
import { writeJson } from '../../http/json.ts'
import { replyTail, TailHeaders, WaitSeconds } from '../../http/tail.ts'
import { publicId, text, textResponses } from '../../openapi/schemas.ts'
import { pullLeaseSeconds } from '../../pull/operations.ts'
import type { App } from '../../settings.ts'
import { ListedError, ResponseStatus } from '../schema.ts'
import { lookForAttempts } from './read.ts'

const getTail = defineRoute({
  method: 'get',
  path: '/v1/deliveries/tail',
  operationId: 'tailDeliveries',
  summary: 'Attempts as they are recorded, each once and none left out, as server-sent events',
  access: { tenants: true },
  request: {
    headers: TailHeaders,
    query: z.strictObject({
      endpoint_id: publicId('ep').optional(),
      type: text(200).optional().openapi({ description: "The event's" }),
      tenant: text(1000).optional().openapi({ description: "The event's" }),
      outcome: z.enum(['delivered', 'failed']).optional(),
      error: ListedError.optional(),
      response_status: ResponseStatus.optional(),
      wait_seconds: WaitSeconds,
    }),
  },
  responses: textResponses(
    'text/event-stream',
    z.string(),
    'Messages named `attempt`: `TailedAttempt` as JSON',
  ),
})

export const deliveryTail = new OpenAPIHono<App>()

deliveryTail.openapi(getTail, c => {
  const { wait_seconds, endpoint_id, response_status, ...rest } = c.req.valid('query')
  const reader = callerOf(c).tenant
  const filter = { ...rest, endpoint: endpoint_id, status: response_status }
  const lease = Math.max(pullLeaseSeconds, c.var.settings.delivery.leaseSeconds)
  return replyTail(c, {
    name: `attempts ${JSON.stringify([rest, String(endpoint_id?.id), response_status, reader])}`,
    event: 'attempt',
    waitSeconds: wait_seconds,
    async look(db, from) {
      const { attempts, ...look } = await lookForAttempts(db, reader, filter, lease, from)
      return {
        ...look,
        messages: attempts.map(({ shown, position }) => ({ data: writeJson(shown), position })),
      }
    },
  })
})
