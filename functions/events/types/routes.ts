// GET /v1/event-types: what a receiver may be sent, before it has been sent anything.
import { OpenAPIHono } from '@hono/zod-openapi'
import { readCatalogue } from '../../../drizzle/catalogue.ts'
import { defineRoute } from '../../http/define-route.ts'
import type { Json } from '../../http/json.ts'
import { reply } from '../../http/reply.ts'
import { responses } from '../../openapi/schemas.ts'
import type { App } from '../../settings.ts'
import { EventTypes } from './schema.ts'

const getEventTypes = defineRoute({
  method: 'get',
  path: '/v1/event-types',
  operationId: 'listEventTypes',
  summary: 'List every event type that watched tables can produce',
  access: { tenants: true },
  responses: responses(EventTypes, 'The catalogue'),
})

export const eventTypes = new OpenAPIHono<App>()

eventTypes.openapi(getEventTypes, async c => {
  const data = await readCatalogue(c.var.db.run)
  return reply({ data: data as unknown as Json })
})
