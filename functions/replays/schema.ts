// Replays as clients of the API ask for them and see them.
import { z } from '@hono/zod-openapi'
import { replayScope, replayState } from '../../drizzle/schema/replays.ts'
import { ListedError, ResponseStatusText, State } from '../deliveries/schema.ts'
import { EventTypes } from '../endpoints/settings.ts'
import { double, Int64, publicIdText, Time, TimeText, text } from '../openapi/schemas.ts'

/** Given out by a preview, and good for one start. */
export const Token = z.string().regex(/^prv_[0-9a-f]{64}$/, 'is not a token of a preview')

export const NewReplay = z
  .strictObject({
    since: TimeText.optional().openapi({
      description: 'Events from this time on; needed unless there is a token',
    }),
    until: TimeText.optional().openapi({ description: 'Up to this time; left out, until now' }),
    event_types: EventTypes.default(null).openapi({
      description: 'Of those the endpoint wants; null = all of them',
    }),
    only: z
      .enum(replayScope.enumValues)
      .default('undelivered')
      .openapi({ description: 'undelivered = dead, canceled or never made; all = also what was delivered' }),
    dry_run: z.boolean().default(false).openapi({ description: 'Only count, and give a token' }),
    rate_per_second: double({ above: 0, atMost: 10_000 }).default(100),
    token: Token.optional().openapi({ description: 'Of a dry run: sends exactly what it has counted' }),
  })
  .superRefine(({ since, token }, context) => {
    if (since === undefined && token === undefined) {
      context.addIssue({ code: 'custom', path: ['since'], message: 'must be there, or a token' })
    }
    if (since !== undefined && token !== undefined) {
      context.addIssue({
        code: 'custom',
        path: ['since'],
        message: 'must not be there with a token, which knows it',
      })
    }
  })
  .openapi('NewReplay')
export type NewReplay = z.infer<typeof NewReplay>

/** Events looked at for the count: some milliseconds' worth, however long the history is. */
export const maxCounted = 10_000

const Counted = z.int()

/** What a token stands for. */
const previewShape = {
  token: z.string().openapi({
    description: 'Starts it: sends exactly these deliveries, once. Nothing that came later is among them',
  }),
  expires_at: Time,
  already_delivered: Counted.openapi({
    description: 'Deliveries found that were delivered. Left out of `count` unless they were asked for',
  }),
  on_their_way: Counted.openapi({
    description: 'Left out of `count`: an attempt is under way, or their first is to come',
  }),
  not_accepted: Counted.openapi({
    description: 'Left out of `count`: their endpoint is disabled or deleted',
  }),
  oldest: Time.nullable().openapi({ description: 'When the first of their events happened' }),
  newest: Time.nullable(),
  seconds: z.number().openapi({ description: 'How long it takes at least, if nothing fails' }),
  endpoints: z
    .array(z.object({ id: z.string(), url: z.string(), count: Counted }))
    .openapi({ description: 'Those with the most first, at most 100, without the queries of their URLs' }),
  types: z.array(z.object({ type: z.string(), count: Counted })).openapi({ description: 'At most 100' }),
  samples: z
    .array(z.string())
    .openapi({ description: 'Deliveries: the oldest, the newest and one between them' }),
}

export const ReplayCount = z
  .object({
    count: z.int(),
    count_is_estimate: z.boolean().openapi({
      description: `The range holds more than ${maxCounted} events: only those were counted, there may be more`,
    }),
    id: z.string().optional().openapi({ description: 'Of the replay; left out with dry_run' }),
    ...z.object(previewShape).partial().shape,
  })
  .openapi('ReplayCount')
export type ReplayCount = z.infer<typeof ReplayCount>

export const Preview = z
  .object({
    count: Counted,
    has_more: z.boolean().openapi({
      description:
        'More match, older ones. Only those counted are sent; make another preview for the rest afterwards',
    }),
    ...previewShape,
  })
  .openapi('RedeliveryPreview')
export type Preview = z.infer<typeof Preview>

export const StartedReplay = z
  .object({
    id: z.string().openapi({ description: 'Of the replay, by which it is watched and canceled' }),
    count: Counted,
  })
  .openapi('StartedReplay')

/** The same as in GET /v1/deliveries. */
const RedeliveryFilter = z
  .strictObject({
    state: State.optional(),
    endpoint_id: publicIdText('ep').optional(),
    event_id: publicIdText('evt').optional(),
    error: ListedError.optional(),
    response_status: ResponseStatusText.optional(),
    type: text(200).optional(),
    tenant: text(1000).optional(),
    key: text(1000).optional(),
    since: z.iso.datetime({ offset: true }).optional(),
    until: z.iso.datetime({ offset: true }).optional(),
  })
  .refine(filter => Object.values(filter).some(value => value !== undefined), 'must name something')
  .openapi('RedeliveryFilter')
export type RedeliveryFilter = z.infer<typeof RedeliveryFilter>

export const NewRedelivery = z
  .strictObject({
    filter: RedeliveryFilter.optional(),
    include_delivered: z.boolean().default(false).openapi({ description: 'Also what was delivered already' }),
    rate_per_second: double({ above: 0, atMost: 10_000 }).nullable().default(null).openapi({
      description:
        'For each endpoint; null = as much as it takes, and always a quarter of it is left to new events',
    }),
    dry_run: z
      .boolean()
      .default(false)
      .openapi({ description: 'With a filter: shows what would be sent, and gives a token' }),
    token: Token.optional().openapi({ description: 'Alone: sends exactly what its preview has shown' }),
  })
  .superRefine(({ filter, dry_run, token }, context) => {
    const refuse = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message })
    if (token === undefined && filter === undefined)
      return refuse('filter', 'must be there, or the token of a preview')
    if (token !== undefined && filter !== undefined)
      return refuse('filter', 'must not be there with a token, which knows it')
    if (filter !== undefined && !dry_run)
      refuse('dry_run', 'must be true with a filter: the answer has the token to start it with')
    if (token !== undefined && dry_run) refuse('dry_run', 'must not be true with a token, which starts it')
  })
  .openapi('NewRedelivery')
export type NewRedelivery = z.infer<typeof NewRedelivery>

/** A preview is no replay yet. */
const shownStates = replayState.enumValues.filter(state => state !== 'previewed')

export const Replay = z
  .object({
    id: z.string().openapi({ example: 'rpl_0000000000000001a1b2c3d4' }),
    endpoint_id: z.string().nullable().openapi({ description: 'null = of a redelivery by filter' }),
    state: z.enum(shownStates),
    since: Time,
    until: Time,
    event_types: EventTypes,
    only: z.enum(replayScope.enumValues),
    rate_per_second: z.number().nullable(),
    count: z.int().optional().openapi({ description: 'Started with a token: how many it sends' }),
    skipped: z.int().optional().openapi({
      description:
        'Of these, how many had been delivered, were on their way or due, or are not accepted any more by then',
    }),
    filter: z.unknown().optional().openapi({ description: 'What they were found by' }),
    replayed: Int64.openapi({ description: 'Deliveries made due so far' }),
    created_at: Time,
    finished_at: Time.nullable(),
  })
  .openapi('Replay')
export type Replay = z.infer<typeof Replay>

/** What a replay or its count costs, whoever asks and wherever. */
export const replayCost = { bucket: 'replay', size: 30, perSecond: 0.5 }
