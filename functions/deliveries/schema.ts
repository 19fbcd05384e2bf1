// Deliveries and their attempts as clients of the API see them.
import { z } from '@hono/zod-openapi'
import { failureKinds } from '../../delivery/failures.ts'
import { deliveryState, sender } from '../../drizzle/schema/deliveries.ts'
import { Time } from '../openapi/schemas.ts'

export const State = z.enum(deliveryState.enumValues)
export type State = z.infer<typeof State>

/** What a list can be asked for: the documented kinds, and what a key with a tenant sees in place of some of them. */
export const ListedError = z.enum([...failureKinds, 'unreachable'])
export type ListedError = z.infer<typeof ListedError>

export interface StatusRange {
  readonly min: number
  readonly max: number
}

/** `503`, or `5xx` for all that begin like that. */
export const ResponseStatusText = z
  .string()
  .regex(/^[1-5](\d\d|xx)$/, 'must be a status such as 503, or 5xx')
  .openapi({ example: '5xx' })
export const ResponseStatus = ResponseStatusText.transform(toStatusRange).openapi({
  type: 'string',
  example: '5xx',
})

export function toStatusRange(text: string): StatusRange {
  return { min: Number(text.replace('xx', '00')), max: Number(text.replace('xx', '99')) }
}

const redaction =
  'To a key with a tenant, all ways of not reaching an HTTP server are `unreachable`, and how long it took is not told'

export const Delivery = z
  .object({
    id: z.string().openapi({ example: 'dlv_00000000000004d20000000000000001' }),
    event_id: z.string(),
    endpoint_id: z.string(),
    state: State,
    attempt: z.int().openapi({ description: 'Attempts started so far' }),
    due_at: Time.nullable().openapi({ description: 'When the next attempt is due, if there is to be one' }),
    reason: z
      .string()
      .nullable()
      .openapi({ description: `What the last attempt failed with. ${redaction}` }),
    created_at: Time,
    finished_at: Time.nullable(),
  })
  .openapi('Delivery')
export type Delivery = z.infer<typeof Delivery>

export const Attempt = z
  .object({
    number: z.int().openapi({ description: 'From 1' }),
    started_at: Time,
    duration_ms: z.int().nullable(),
    response_status: z.int().nullable(),
    error: z
      .string()
      .nullable()
      .openapi({ description: `null = success. ${redaction}` }),
    response_body: z.string().nullable(),
    sender: z.enum(sender.enumValues),
  })
  .openapi('Attempt')
export type Attempt = z.infer<typeof Attempt>

export const DeliveryWithAttempts = Delivery.extend({ attempts: z.array(Attempt) }).openapi(
  'DeliveryWithAttempts',
)
export type DeliveryWithAttempts = z.infer<typeof DeliveryWithAttempts>

/** As the tail tells it. */
export const TailedAttempt = Attempt.omit({ response_body: true })
  .extend({
    delivery_id: z.string(),
    event_id: z.string(),
    endpoint_id: z.string(),
    type: z.string(),
    key: z.string().nullable(),
    tenant: z.string().nullable(),
    state: State.nullable().openapi({ description: 'Of the delivery, when it was told' }),
    due_at: Time.nullable().openapi({ description: 'When the next attempt is due, if there is to be one' }),
  })
  .openapi('TailedAttempt')
export type TailedAttempt = z.infer<typeof TailedAttempt>

/** What redelivering costs, whoever asks and wherever. */
export const redeliverCost = { bucket: 'redeliver', size: 300, perSecond: 10 }
