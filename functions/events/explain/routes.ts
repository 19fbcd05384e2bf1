// GET /v1/events/:id/explain and GET /v1/explain: why did it (not) fire? For operators, not for tenants.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { defineRoute } from '../../http/define-route.ts'
import { reply } from '../../http/reply.ts'
import { responses, text } from '../../openapi/schemas.ts'
import type { App } from '../../settings.ts'
import { unknownEvent } from '../routes.ts'
import { explainEvent, explainRow } from './read.ts'
import { Explanation, RowExplanation } from './schema.ts'

const getEventExplanation = defineRoute({
  method: 'get',
  path: '/v1/events/{id}/explain',
  operationId: 'explainEvent',
  summary: 'Say which endpoints get an event, which do not, and why',
  request: { params: z.object({ id: z.string() }) },
  responses: responses(Explanation, 'Every endpoint, with its reason'),
})

const getRowExplanation = defineRoute({
  method: 'get',
  path: '/v1/explain',
  operationId: 'explainRow',
  summary: 'Say why a row made an event or none',
  request: {
    query: z.strictObject({
      table: text(200).openapi({ example: 'orders' }),
      key: text(1000).openapi({ example: 'orders/17' }),
    }),
  },
  responses: responses(RowExplanation, 'What must hold for a change of this row to be captured'),
})

export const explanations = new OpenAPIHono<App>()

explanations.openapi(getEventExplanation, async c => {
  const explained = await explainEvent(c.var.db, c.req.valid('param').id)
  return explained ? reply(explained) : unknownEvent()
})

explanations.openapi(getRowExplanation, async c => reply(await explainRow(c.var.db, c.req.valid('query'))))
