// Replays over HTTP: count or start one for an endpoint, watch it, stop it.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { parseId } from '../../delivery/ids.ts'
import { callerOf } from '../access/caller.ts'
import { disabledEndpoint, unknownEndpoint } from '../endpoints/replies.ts'
import { EndpointId } from '../endpoints/schema.ts'
import { defineRoute } from '../http/define-route.ts'
import { PageQuery, pageOf, replyPage } from '../http/pagination.ts'
import { badInput, problem } from '../http/problem.ts'
import { type Reply, reply } from '../http/reply.ts'
import { body, publicId, responses } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'
import { cancelReplay, previewReplay, startReplay } from './operations.ts'
import { previewRedelivery, type StartedPinned, startPinned } from './pinned.ts'
import { findReplay, listReplays, toReplay } from './read.ts'
import {
  NewRedelivery,
  NewReplay,
  Preview,
  Replay,
  ReplayCount,
  replayCost,
  StartedReplay,
} from './schema.ts'

const inPath = z.object({ id: z.string() })

const postReplay = defineRoute({
  method: 'post',
  path: '/v1/endpoints/{id}/replay',
  operationId: 'startReplay',
  summary: "Send an endpoint's past events again, or count them",
  access: { tenants: true, cost: replayCost },
  request: { params: EndpointId, body: body(NewReplay) },
  responses: {
    ...responses(ReplayCount, 'With dry_run: what would be sent'),
    ...responses(ReplayCount, 'The replay is running', 202),
  },
})

const postRedelivery = defineRoute({
  method: 'post',
  path: '/v1/deliveries/redeliver',
  operationId: 'redeliverAll',
  summary: 'Send all deliveries again that match a filter: first a preview, then with its token',
  access: { tenants: true, cost: replayCost },
  request: { body: body(NewRedelivery) },
  responses: {
    ...responses(Preview, 'With dry_run: what would be sent'),
    ...responses(StartedReplay, 'It is running: GET /v1/replays/{id} tells how far it has come', 202),
  },
})

const getReplays = defineRoute({
  method: 'get',
  path: '/v1/replays',
  operationId: 'listReplays',
  summary: 'List replays, newest first',
  access: { tenants: true },
  request: { query: z.strictObject({ endpoint_id: publicId('ep').optional(), ...PageQuery }) },
  responses: responses(pageOf(Replay), 'A page of replays'),
})

const getReplay = defineRoute({
  method: 'get',
  path: '/v1/replays/{id}',
  operationId: 'getReplay',
  summary: 'Read a replay and how far it has come',
  access: { tenants: true },
  request: { params: inPath },
  responses: responses(Replay, 'The replay'),
})

const postCancel = defineRoute({
  method: 'post',
  path: '/v1/replays/{id}/cancel',
  operationId: 'cancelReplay',
  summary: 'Stop a replay; what it has made due stays due',
  access: { tenants: true },
  request: { params: inPath },
  responses: responses(Replay, 'The replay as it is now'),
})

export const replays = new OpenAPIHono<App>()

replays.openapi(postReplay, async c => {
  const asked = c.req.valid('json')
  const caller = callerOf(c)
  const { id } = c.req.valid('param')
  if (asked.token !== undefined) {
    const key = parseId('ep', id)
    return key ? replyStarted(await startPinned(c.var.db, caller, asked.token, key)) : unknownEndpoint()
  }
  const start = asked.dry_run ? previewReplay : startReplay
  const started = await start(c.var.db, caller, id, asked)
  if (started === 'unknown endpoint') return unknownEndpoint()
  if (started === 'endpoint disabled') return disabledEndpoint()
  if (started === 'already running') {
    return problem(409, 'A replay for this endpoint is running: wait for it, or cancel it.', {
      type: 'replay-running',
    })
  }
  if ('wrongInput' in started) return badInput(started.wrongInput)
  return 'counted' in started ? reply(started.counted) : reply(started.started, 202)
})

replays.openapi(postRedelivery, async c => {
  const { token, filter, ...how } = c.req.valid('json')
  const caller = callerOf(c)
  if (token !== undefined) return replyStarted(await startPinned(c.var.db, caller, token, null))
  return reply(await previewRedelivery(c.var.db, caller, { filter: filter!, ...how }))
})

function replyStarted(started: StartedPinned): Reply {
  if (started === 'used') return problem(409, 'This preview was started already.')
  return 'wrongInput' in started ? badInput(started.wrongInput) : reply({ ...started.started }, 202)
}

replays.openapi(getReplays, c => {
  const { endpoint_id, ...page } = c.req.valid('query')
  return replyPage(c, page, {
    read: (after, limit) => listReplays(c.var.db, callerOf(c), { endpoint: endpoint_id }, after?.[0], limit),
    positionOf: ({ replay }) => [replay.id],
    write: toReplay,
  })
})

replays.openapi(getReplay, async c => {
  const replay = await findReplay(c.var.db, callerOf(c), c.req.valid('param').id)
  return replay ? reply(replay) : unknownReplay()
})

replays.openapi(postCancel, async c => {
  const { id } = c.req.valid('param')
  const caller = callerOf(c)
  await cancelReplay(c.var.db, caller, id)
  const replay = await findReplay(c.var.db, caller, id)
  return replay ? reply(replay) : unknownReplay()
})

const unknownReplay = () => problem(404, 'There is no such replay.')
