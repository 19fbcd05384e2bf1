// Events as clients of the API see and write them.
import { z } from '@hono/zod-openapi'
import { Delivery, State } from '../deliveries/schema.ts'
import type { InputError } from '../http/problem.ts'
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

/** `customer.emails.0`: keys, and numbers for the places of a list. */
export const DataPath = text(1000)
  .refine(path => path !== '' && path.split('.').length <= 20, 'must be 1 to 20 names with dots between them')
  .transform(path => path.split('.'))
  .openapi({
    type: 'string',
    description: 'Where in `data` to look, with dots: `customer.emails.0`. Only with data_value and since',
    example: 'order_id',
  })

interface Searched {
  readonly since?: Date | undefined
  readonly actor?: string | undefined
  readonly data_path?: readonly string[] | undefined
  readonly data_value?: string | undefined
}

/** No index knows actors or data, so a search for them needs an end; null = it has what it needs. */
export function missingBound({ since, actor, data_path, data_value }: Searched): InputError | null {
  if (data_path && data_value === undefined)
    return { path: 'data_value', message: 'must be there with data_path' }
  if (!data_path && data_value !== undefined)
    return { path: 'data_path', message: 'must be there with data_value' }
  if (since || (actor === undefined && !data_path)) return null
  const searched = data_path ? 'data_path' : 'actor'
  return { path: 'since', message: `must be there with ${searched}: every event since then is looked at` }
}

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
