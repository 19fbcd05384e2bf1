// The catalogue of event types, as clients of the API see it.
import { z } from '@hono/zod-openapi'

const JsonSchema = z.record(z.string(), z.unknown()).openapi({ description: 'JSON Schema of `data`' })

export const EventTypes = z
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
