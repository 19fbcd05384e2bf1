// Who sends: the listeners, and the last run of the cron function.
import { z } from '@hono/zod-openapi'
import { Time } from '../../openapi/schemas.ts'

/** Two signs of life were missed. It gives one every 15 seconds, or every OUTBOX_POLL_SECONDS if that is longer. */
export const silentAfterSeconds = 45

export const Listeners = z
  .object({
    data: z.array(
      z.object({
        name: z.string().openapi({ example: 'listener-web-1-0123456789ab' }),
        version: z.string(),
        state: z.enum(['awake', 'asleep', 'silent']).openapi({
          description:
            'asleep: a writer wakes it with a notification. awake: it looks for events by itself. ' +
            `silent: it has given no sign of life for ${silentAfterSeconds} seconds, and has not said that it stops`,
        }),
        since: Time,
        last_heartbeat: Time,
        in_flight: z.int().openapi({ description: 'Requests under way at that time' }),
      }),
    ),
    held: z.string().nullable().openapi({
      description:
        'Why nothing is sent: the database may be a copy of another one (GET /v1/system). null = nothing keeps senders from it',
    }),
    last_cron_run: z
      .object({
        version: z.string(),
        started_at: Time,
        finished_at: Time,
        delivered: z.int(),
        failed: z.int(),
        stopped: z
          .string()
          .openapi({ description: 'Why it ended: `nothing due`, or the limit that it has reached' }),
      })
      .nullable()
      .openapi({ description: 'null = it has never come to its end' }),
    last_failed_cron_run: z
      .object({
        version: z.string(),
        started_at: Time,
        failed_at: Time,
        failure: z.string().openapi({
          description: 'The statement that failed and its SQLSTATE, or the kind of error. The log has more',
          example: 'claim failed: 57014',
        }),
      })
      .nullable()
      .openapi({ description: 'null = none has failed. Later runs leave it there: compare the times' }),
  })
  .openapi('Listeners')
export type Listeners = z.infer<typeof Listeners>
