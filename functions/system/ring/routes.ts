// POST /v1/ring: whoever has written events past the API says so, and the dispatcher of edge sending or the doorbell looks at once.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { ring } from '../../edge/ring.ts'
import { defineRoute } from '../../http/define-route.ts'
import { reply } from '../../http/reply.ts'
import { responses } from '../../openapi/schemas.ts'
import type { App } from '../../settings.ts'

const Ring = z
  .object({
    rung: z.boolean().openapi({
      description:
        'Whether the dispatcher of edge sending or the doorbell was rung. false: there is none, or it could not be reached',
    }),
  })
  .openapi('Ring')

const postRing = defineRoute({
  method: 'post',
  path: '/v1/ring',
  operationId: 'ring',
  summary: 'Say that there may be events to deliver, written past the API',
  access: { scope: 'read', idempotencyKey: false },
  responses: responses(Ring, 'Whether somebody looks now'),
})

export const rings = new OpenAPIHono<App>()

rings.openapi(postRing, async c => reply({ rung: await ring(c.var.settings) }))
