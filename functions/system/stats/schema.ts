// The state of all deliveries in one answer. Counting stops at limits, which the answer names.
import { z } from '@hono/zod-openapi'
import { disabledReason, endpointState } from '../../../drizzle/schema/outbox.ts'

/** Rows that are counted at most: a quarter of a second with 2,000 endpoints, a million pending, two million attempts. */
export const maxCounted = 100_000
export const mostEndpoints = 1_000

const counts = { pending: z.int(), sending: z.int(), dead: z.int() }

export const Stats = z
  .object({
    deliveries: z.object(counts),
    capped: z.boolean().openapi({ description: 'A count stopped at `counted_to`: there are more' }),
    counted_to: z.int().openapi({
      description:
        'Where counting stops, for each endpoint: 10000, less where there are more than 10 endpoints',
    }),
    delivered_last_hour: z.int().openapi({ description: 'Attempts that succeeded, to the minute' }),
    delivered_last_hour_capped: z
      .boolean()
      .openapi({ description: 'Always false: they are counted as they are made' }),
    oldest_pending_seconds: z
      .number()
      .nullable()
      .openapi({ description: 'How long the delivery that waits longest has been due; null = none waits' }),
    endpoint_counts: z
      .object({
        total: z.int(),
        active: z.int(),
        paused: z.int(),
        disabled: z.int(),
        healthy: z.int().openapi({ description: 'Active, and not in trouble' }),
        failing: z.int().openapi({ description: 'Active, and the last attempt failed' }),
        in_trouble: z.int().openapi({
          description:
            'They fail, or have deliveries that do not leave: nobody fetches or takes them, or they are a minute late',
        }),
      })
      .openapi({ description: 'All of them, however many are listed' }),
    endpoints: z
      .array(
        z.object({
          id: z.string(),
          url: z.string().openapi({ description: 'Without its query' }),
          state: z.enum(endpointState.enumValues),
          disabled_reason: z.enum(disabledReason.enumValues).nullable(),
          ...counts,
          oldest_pending_seconds: z.number().nullable(),
          failures: z.int().openapi({ description: 'Attempts that failed since the last success' }),
          failing_seconds: z
            .number()
            .nullable()
            .openapi({ description: 'Since the first of them; null = none' }),
          probe_in_seconds: z.number().nullable().openapi({
            description:
              'The circuit breaker is open: the next probe goes out in so many seconds; null = it is closed',
          }),
          failing: z.boolean().openapi({ description: 'Active, and the last attempt failed' }),
          in_trouble: z.boolean().openapi({ description: 'As counted in `endpoint_counts`' }),
        }),
      )
      .openapi({ description: `Those with the most pending first, at most ${mostEndpoints}` }),
  })
  .openapi('Stats')
export type Stats = z.infer<typeof Stats>
