// Replays: a person wants an endpoint's past events sent, again or for the first time. The engine works through them in
// small steps (drizzle/queries/step_replay.sql); here they are counted, begun, watched and stopped.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { and, desc, eq, lt } from 'drizzle-orm'
import { formatId, parseId } from '../../delivery/ids.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import { endpoints, replayScope, replayState, replays as replayTable } from '../../drizzle/schema/outbox.ts'
import { callerOf } from '../access/caller.ts'
import type { Database } from '../db.ts'
import { EndpointId, unknownEndpoint } from '../endpoints/endpoint.ts'
import { endpointFields } from '../endpoints/endpoint-settings.ts'
import { defineRoute } from '../http/define-route.ts'
import { PageQuery, pageOf, replyPage } from '../http/pagination.ts'
import { badInput, problem } from '../http/problem.ts'
import { reply } from '../http/reply.ts'
import { body, double, Int64, publicId, responses, Time, TimeText } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'

const NewReplay = z
  .strictObject({
    since: TimeText.openapi({ description: 'Events from this time on' }),
    until: TimeText.optional().openapi({ description: 'Up to this time; left out, until now' }),
    event_types: endpointFields.event_types
      .default(null)
      .openapi({ description: 'Of those the endpoint wants; null = all of them' }),
    only: z
      .enum(replayScope.enumValues)
      .default('undelivered')
      .openapi({ description: 'undelivered = dead, canceled or never made; all = also what was delivered' }),
    dry_run: z.boolean().default(false).openapi({ description: 'Only count' }),
    rate_per_second: double({ above: 0, atMost: 10_000 }).default(100),
  })
  .openapi('NewReplay')

/** Events looked at for the count: some milliseconds' worth, however long the history is. */
const maxCounted = 10_000

const ReplayCount = z
  .object({
    count: z.int(),
    count_is_estimate: z.boolean().openapi({
      description: `The range holds more than ${maxCounted} events: only those were countsAsAttempt, there may be more`,
    }),
    id: z.string().optional().openapi({ description: 'Of the replay; left out with dry_run' }),
  })
  .openapi('ReplayCount')

const Replay = z
  .object({
    id: z.string().openapi({ example: 'rpl_0000000000000001a1b2c3d4' }),
    endpoint_id: z.string(),
    state: z.enum(replayState.enumValues),
    since: Time,
    until: Time,
    event_types: endpointFields.event_types,
    only: z.enum(replayScope.enumValues),
    rate_per_second: z.number(),
    replayed: Int64.openapi({ description: 'Deliveries made due so far' }),
    created_at: Time,
    finished_at: Time.nullable(),
  })
  .openapi('Replay')

const inPath = z.object({ id: z.string() })

const postReplay = defineRoute({
  method: 'post',
  path: '/v1/endpoints/{id}/replay',
  summary: "Send an endpoint's past events again, or count them",
  access: { tenants: true, cost: { bucket: 'replay', size: 30, perSecond: 0.5 } },
  request: { params: EndpointId, body: body(NewReplay) },
  responses: {
    ...responses(ReplayCount, 'With dry_run: what would be sent'),
    ...responses(ReplayCount, 'The replay is running', 202),
  },
})

const listReplays = defineRoute({
  method: 'get',
  path: '/v1/replays',
  summary: 'List replays, newest first',
  access: { tenants: true },
  request: { query: z.strictObject({ endpoint_id: publicId('ep').optional(), ...PageQuery }) },
  responses: responses(pageOf(Replay), 'A page of replays'),
})

const readReplay = defineRoute({
  method: 'get',
  path: '/v1/replays/{id}',
  summary: 'Read a replay and how far it has come',
  access: { tenants: true },
  request: { params: inPath },
  responses: responses(Replay, 'The replay'),
})

const cancelReplay = defineRoute({
  method: 'post',
  path: '/v1/replays/{id}/cancel',
  summary: 'Stop a replay; what it has made due stays due',
  access: { tenants: true },
  request: { params: inPath },
  responses: responses(Replay, 'The replay as it is now'),
})

export const replays = new OpenAPIHono<App>()

replays.openapi(postReplay, async c => {
  const { since, until, event_types, only, dry_run, rate_per_second } = c.req.valid('json')
  if (until && since > until) return badInput({ path: 'since', message: 'must not be after until' })
  const key = parseId('ep', c.req.valid('param').id)
  if (!key) return unknownEndpoint()
  const found = await queries.startReplay(c.var.db.run, {
    ...key,
    ...callerOf(c),
    since,
    until: until ?? null,
    eventTypes: event_types,
    scope: only,
    ratePerSecond: rate_per_second,
    dryRun: dry_run,
    maxEvents: maxCounted,
  })
  if (!found) return unknownEndpoint()
  const { inRange, state, count, hasMore: count_is_estimate, id, nonce } = found
  if (!inRange) return badInput({ path: until ? 'until' : 'since', message: 'must not be in the future' })
  if (dry_run) return reply({ count, count_is_estimate })
  if (state === 'disabled') return problem(409, 'The endpoint is disabled: resume it first.')
  if (id === null || nonce === null)
    return problem(409, 'A replay for this endpoint is running: wait for it, or cancel it.')
  return reply({ count, count_is_estimate, id: formatId('rpl', id, nonce) }, 202)
})

replays.openapi(listReplays, c => {
  const { endpoint_id, ...page } = c.req.valid('query')
  const { tenant } = callerOf(c)
  return replyPage(c, page, {
    read: (after, limit) =>
      findReplays(c.var.db, { endpoint: endpoint_id, after: after?.[0], tenant }, limit),
    positionOf: ({ replay }) => [replay.id],
    write: toReplay,
  })
})

replays.openapi(readReplay, async c => {
  const key = parseId('rpl', c.req.valid('param').id)
  if (!key) return unknownReplay()
  const [replay] = await findReplays(c.var.db, { key, tenant: callerOf(c).tenant }, 1)
  return replay ? reply(toReplay(replay)) : unknownReplay()
})

replays.openapi(cancelReplay, async c => {
  const caller = callerOf(c)
  const key = parseId('rpl', c.req.valid('param').id)
  if (!key) return unknownReplay()
  await queries.cancelReplay(c.var.db.run, { ...key, ...caller })
  const [replay] = await findReplays(c.var.db, { key, tenant: caller.tenant }, 1)
  return replay ? reply(toReplay(replay)) : unknownReplay()
})

interface RowKey {
  readonly id: bigint
  readonly nonce: number
}

interface Filter {
  readonly key?: RowKey
  readonly endpoint?: RowKey | undefined
  readonly after?: bigint | undefined
  readonly tenant: string | null
}

function findReplays(db: Database, { key, endpoint, after, tenant }: Filter, limit: number) {
  return db.build('list_replays', builder =>
    builder
      .select({ replay: replayTable, endpointNonce: endpoints.nonce })
      .from(replayTable)
      .innerJoin(endpoints, eq(endpoints.id, replayTable.endpoint_id))
      .where(
        and(
          key && and(eq(replayTable.id, key.id), eq(replayTable.nonce, key.nonce)),
          endpoint && and(eq(replayTable.endpoint_id, endpoint.id), eq(endpoints.nonce, endpoint.nonce)),
          after === undefined ? undefined : lt(replayTable.id, after),
          tenant === null ? undefined : eq(endpoints.tenant, tenant),
        ),
      )
      .orderBy(desc(replayTable.id))
      .limit(limit),
  )
}

type ReplayRow = Awaited<ReturnType<typeof findReplays>>[number]

function toReplay({ replay, endpointNonce }: ReplayRow): z.infer<typeof Replay> {
  return {
    id: formatId('rpl', replay.id, replay.nonce),
    endpoint_id: formatId('ep', replay.endpoint_id, endpointNonce),
    state: replay.state,
    since: replay.since.toISOString(),
    until: replay.until.toISOString(),
    event_types: replay.event_types,
    only: replay.scope,
    rate_per_second: replay.rate_per_second,
    replayed: replay.replayed,
    created_at: replay.created_at.toISOString(),
    finished_at: replay.finished_at?.toISOString() ?? null,
  }
}

const unknownReplay = () => problem(404, 'There is no such replay.')
