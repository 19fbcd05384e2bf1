// Events as clients of the API see and write them.
import { z } from '@hono/zod-openapi'
import { Delivery, State } from '../deliveries/schema.ts'
import { Time, text } from '../openapi/schemas.ts'

export const Event = z
  .object({
    id: z.string().openapi({ example: 'evt_00000000000004d2a1b2c3d4' }),
    type: z.string().openapi({ example: 'order.shipped' }),
    key: z.string().nullable().openapi({ example: 'orders/17' }),
    tenant: z.string().nullable(),
    timestamp: Time,
    data: z.unknown().openapi({ description: 'Byte for byte as in the webhook' }),
  })
  .openapi('Event')

export const ListedEvent = Event.extend({
  deliveries: z.array(z.object({ id: z.string(), endpoint_id: z.string(), state: State })),
}).openapi('ListedEvent')

export const EventWithDeliveries = Event.extend({ deliveries: z.array(Delivery) }).openapi(
  'EventWithDeliveries',
)

export const NewEvent = z
  .strictObject({
    type: text(200)
      .regex(/^\w+(\.\w+)*$/, 'must be words of letters, digits and _ with dots between them')
      .refine(type => !type.startsWith('outbox.'), 'must not begin with outbox., which is for its own events')
      .openapi({ example: 'invoice.paid' }),
    data: z.unknown().openapi({ description: 'Any JSON; numbers arrive exactly as they are' }),
    key: text(1000).nullable().default(null).openapi({ description: 'What it is about; what is ordered by' }),
    tenant: text(1000).nullable().default(null),
  })
  .openapi('NewEvent')
export type NewEvent = z.infer<typeof NewEvent>
