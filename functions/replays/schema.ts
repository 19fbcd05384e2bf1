// Replays as clients of the API ask for them and see them.
import { z } from '@hono/zod-openapi'
import { replayScope, replayState } from '../../drizzle/schema/outbox.ts'
import { EventTypes } from '../endpoints/settings.ts'
import { double, Int64, Time, TimeText } from '../openapi/schemas.ts'

export const NewReplay = z
  .strictObject({
    since: TimeText.openapi({ description: 'Events from this time on' }),
    until: TimeText.optional().openapi({ description: 'Up to this time; left out, until now' }),
    event_types: EventTypes.default(null).openapi({
      description: 'Of those the endpoint wants; null = all of them',
    }),
    only: z
      .enum(replayScope.enumValues)
      .default('undelivered')
      .openapi({ description: 'undelivered = dead, canceled or never made; all = also what was delivered' }),
    dry_run: z.boolean().default(false).openapi({ description: 'Only count' }),
    rate_per_second: double({ above: 0, atMost: 10_000 }).default(100),
  })
  .openapi('NewReplay')
export type NewReplay = z.infer<typeof NewReplay>

/** Events looked at for the count: some milliseconds' worth, however long the history is. */
export const maxCounted = 10_000

export const ReplayCount = z
  .object({
    count: z.int(),
    count_is_estimate: z.boolean().openapi({
      description: `The range holds more than ${maxCounted} events: only those were counted, there may be more`,
    }),
    id: z.string().optional().openapi({ description: 'Of the replay; left out with dry_run' }),
  })
  .openapi('ReplayCount')
export type ReplayCount = z.infer<typeof ReplayCount>

export const Replay = z
  .object({
    id: z.string().openapi({ example: 'rpl_0000000000000001a1b2c3d4' }),
    endpoint_id: z.string(),
    state: z.enum(replayState.enumValues),
    since: Time,
    until: Time,
    event_types: EventTypes,
    only: z.enum(replayScope.enumValues),
    rate_per_second: z.number(),
    replayed: Int64.openapi({ description: 'Deliveries made due so far' }),
    created_at: Time,
    finished_at: Time.nullable(),
  })
  .openapi('Replay')
export type Replay = z.infer<typeof Replay>

/** What a replay or its count costs, whoever asks and wherever. */
export const replayCost = { bucket: 'replay', size: 30, perSecond: 0.5 }
