// What a receiver that pulls is given, and what it says came of it.
import { z } from '@hono/zod-openapi'
import { endpointState } from '../../drizzle/schema/outbox.ts'
import { Int64, text, wholeNumber } from '../openapi/schemas.ts'

/** Kinds of failure that a receiver of its own can see (delivery/failures.ts). */
export const pullErrors = ['timeout', 'dns', 'connection', 'tls', 'bad_response'] as const

export const maxPull = 100
/** Less than what a request's statements may take together. */
export const maxWaitSeconds = 5

const Holder = z
  .string()
  .regex(/^[A-Za-z0-9._@-]{1,100}$/, 'must be 1 to 100 letters, digits, . _ @ or -')
  .openapi({ description: 'Who pulls. One at a time: nobody else may for 15 seconds after each pull' })

export const Pull = z
  .strictObject({
    holder: Holder,
    limit: wholeNumber(1, maxPull).default(10),
    wait_seconds: wholeNumber(0, maxWaitSeconds)
      .default(0)
      .openapi({ description: 'How long to wait for the first' }),
    take_over: z.boolean().default(false).openapi({ description: 'Although somebody else holds it' }),
    resume: z
      .boolean()
      .default(false)
      .openapi({ description: 'The holder was started again: what it held is given out at once' }),
  })
  .openapi('Pull')
export type Pull = z.infer<typeof Pull>

export const Pulled = z
  .object({
    state: z.enum(endpointState.enumValues),
    data: z.array(
      z.object({
        id: z.string().openapi({ description: 'Of the delivery' }),
        event_id: z.string(),
        type: z.string(),
        key: z.string().nullable(),
        attempt: z.int(),
        sequence: Int64.nullable().openapi({ description: 'If the endpoint has `sequence`' }),
        lease: z.string().openapi({ description: 'Settle with it' }),
        lease_seconds: z.number().openapi({ description: 'After that it is given out again' }),
        request: z
          .object({
            method: z.literal('POST'),
            headers: z.record(z.string(), z.string()),
            body: z.string().openapi({ description: 'Send it byte for byte: it is signed' }),
          })
          .openapi({ description: 'A finished webhook without an address' }),
      }),
    ),
    waiting: z.int().openapi({ description: 'Due besides these, counted to 1000' }),
    oldest_seconds: z.number().nullable().openapi({ description: 'How long the oldest has waited' }),
  })
  .openapi('Pulled')

export const PullSettlement = z
  .strictObject({
    lease: text(200),
    status: wholeNumber(100, 599).nullable().default(null).openapi({ description: 'null = no answer came' }),
    error: z.enum(pullErrors).nullable().default(null).openapi({ description: 'Why no answer came' }),
    duration_ms: wholeNumber(0, 3_600_000),
    response_body: text(65_536).nullable().default(null),
  })
  .openapi('PullSettlement')
export type PullSettlement = z.infer<typeof PullSettlement>
