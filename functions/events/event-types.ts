// The catalogue over HTTP: what a receiver may be sent, before it has been sent anything.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { readCatalogue } from '../../drizzle/catalogue.ts'
import { defineRoute } from '../http/define-route.ts'
import type { Json } from '../http/json.ts'
import { reply } from '../http/reply.ts'
import { responses } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'

const JsonSchema = z.record(z.string(), z.unknown()).openapi({ description: 'JSON Schema of `data`' })

const EventTypes = z
  .object({
    data: z.array(
      z.object({
        type: z.string().openapi({ example: 'order.shipped' }),
        table: z
          .string()
          .nullable()
          .openapi({ description: 'null: the outbox itself', example: 'public.orders' }),
        operations: z.array(z.string()),
        schema: JsonSchema,
        example: z.unknown(),
      }),
    ),
  })
  .openapi('EventTypes')

const listEventTypes = defineRoute({
  method: 'get',
  path: '/v1/event-types',
  summary: 'List every event type that watched tables can produce',
  access: { tenants: true },
  responses: responses(EventTypes, 'The catalogue'),
})

export const eventTypes = new OpenAPIHono<App>()

eventTypes.openapi(listEventTypes, async c => {
  const data = await readCatalogue(c.var.db.run)
  return reply({ data: data as unknown as Json })
})
