// Events over HTTP: list, read with their deliveries, write.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { callerOf, refuseOtherTenant } from '../access/caller.ts'
import { defineRoute } from '../http/define-route.ts'
import { PageQuery, replyWalk, walkOf } from '../http/pagination.ts'
import { badInput, problem } from '../http/problem.ts'
import { reply } from '../http/reply.ts'
import { body, responses, TimeText, text } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'
import { emitEvent, maxBytes } from './operations.ts'
import { findEventWithDeliveries, toListedEvent, walkEvents } from './read.ts'
import { DataPath, Event, EventWithDeliveries, ListedEvent, missingBound, NewEvent } from './schema.ts'

const getEvents = defineRoute({
  method: 'get',
  path: '/v1/events',
  operationId: 'listEvents',
  summary: 'List events, newest first',
  access: { tenants: true },
  request: {
    query: z.strictObject({
      type: text(200).optional(),
      tenant: text(1000).optional(),
      key: text(1000).optional(),
      since: TimeText.optional().openapi({ description: 'Inclusive' }),
      until: TimeText.optional().openapi({ description: 'Exclusive' }),
      actor: text(1000).optional().openapi({ description: 'Who wrote it; only with since' }),
      data_path: DataPath.optional(),
      data_value: text(1000).optional().openapi({
        description:
          'What stands there, as text: `17`, `true`, or a text without its quotes. Only with data_path',
      }),
      ...PageQuery,
    }),
  },
  responses: responses(walkOf(ListedEvent), 'A page of events'),
})

const getEvent = defineRoute({
  method: 'get',
  path: '/v1/events/{id}',
  operationId: 'getEvent',
  summary: 'Read an event with its deliveries',
  access: { tenants: true },
  request: { params: z.object({ id: z.string() }) },
  responses: responses(EventWithDeliveries, 'The event'),
})

const postEvent = defineRoute({
  method: 'post',
  path: '/v1/events',
  operationId: 'createEvent',
  summary: 'Write an event; every endpoint that wants it gets it',
  access: { tenants: true },
  request: { body: body(NewEvent) },
  responses: responses(Event, 'The event', 202),
})

export const events = new OpenAPIHono<App>()

events.openapi(getEvents, async c => {
  const { limit, cursor, data_path, data_value, ...filter } = c.req.valid('query')
  const unbounded = missingBound({ data_path, data_value, ...filter })
  if (unbounded) return badInput(unbounded)
  const data = data_path && { path: data_path, value: data_value! }
  return replyWalk(
    c,
    { limit, cursor },
    {
      read: (after, rows) =>
        walkEvents(c.var.db, callerOf(c), { ...filter, data }, { before: after?.[0] ?? null, limit: rows }),
      positionOf: event => [event.id],
      write: toListedEvent,
    },
  )
})

events.openapi(getEvent, async c => {
  const event = await findEventWithDeliveries(c.var.db, c.req.valid('param').id, callerOf(c))
  return event ? reply(event) : unknownEvent()
})

events.openapi(postEvent, async c => {
  const emitted = await emitEvent(c.var.db, callerOf(c), c.req.valid('json'))
  if (emitted === 'other tenant') return refuseOtherTenant()
  if (emitted === 'too large') {
    return problem(413, `An event's data may have at most ${maxBytes / 1024} KiB.`)
  }
  if ('wrongData' in emitted) return badInput({ path: 'data', message: emitted.wrongData })
  return reply(emitted, 202)
})

export const unknownEvent = () => problem(404, 'There is no such event.')
