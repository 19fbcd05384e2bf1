// The history of the attempts as charts want it: one list of times, and beside it lists of values of the same length.
import { z } from '@hono/zod-openapi'
import { Time } from '../../openapi/schemas.ts'
import { buckets } from './range.ts'

export const measures = ['attempts', 'oldest_pending', 'response_time', 'first_attempt_delay'] as const
export type Measure = (typeof measures)[number]

const latency = {
  count: z.array(z.int()),
  mean_seconds: z.array(z.number().nullable()),
  p50_seconds: z.array(z.number().nullable()),
  p95_seconds: z.array(z.number().nullable()),
  p99_seconds: z.array(z.number().nullable()),
}

export const Series = z
  .object({
    since: Time,
    until: Time,
    bucket: z.enum(Object.keys(buckets) as [keyof typeof buckets]),
    complete_to: Time.nullable().openapi({
      description: 'Attempts that were recorded later may be missing. null = nothing was ever recorded',
    }),
    times: z.array(Time).openapi({ description: 'Where each bucket begins' }),
    attempts: z
      .record(z.string(), z.array(z.int()))
      .optional()
      .openapi({
        description:
          'By outcome, `delivered` or the error of the attempt, in the bucket in which it began. Outcomes that did not ' +
          'occur are left out. To a key with a tenant, all ways of not reaching an HTTP server are `unreachable`',
        example: { delivered: [118, 120], timeout: [0, 2] },
      }),
    oldest_pending: z
      .object({ seconds: z.array(z.number().nullable()) })
      .optional()
      .openapi({
        description:
          'For how long the oldest pending delivery had been due, at most. Looked up once a minute; null = nobody looked',
      }),
    response_time: z.object(latency).optional().openapi({
      description:
        'How long attempts took that got an HTTP response. Percentiles are interpolated between fixed bounds',
    }),
    first_attempt_delay: z
      .object(latency)
      .optional()
      .openapi({ description: 'From when the event was written to the first request of a delivery' }),
  })
  .openapi('Series')
export type Series = z.infer<typeof Series>
