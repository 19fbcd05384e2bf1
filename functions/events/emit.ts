// Events that come in over HTTP: for systems that have something to tell but no row to change.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import * as queries from '../../drizzle/queries.gen.ts'
import { callerOf, refuseOtherTenant } from '../access/caller.ts'
import { defineRoute } from '../http/define-route.ts'
import { type Json, storageProblem, writeJson } from '../http/json.ts'
import { badInput, problem } from '../http/problem.ts'
import { reply } from '../http/reply.ts'
import { body, responses, text } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'
import { Event, findEvent, toEvent } from './events.ts'

const NewEvent = z
  .strictObject({
    type: text(200)
      .regex(/^\w+(\.\w+)*$/, 'must be words of letters, digits and _ with dots between them')
      .refine(type => !type.startsWith('outbox.'), 'must not begin with outbox., which is for its own events')
      .openapi({ example: 'invoice.paid' }),
    data: z.unknown().openapi({ description: 'Any JSON; numbers arrive exactly as they are' }),
    key: text(1000).nullable().default(null).openapi({ description: 'What it is about; what is ordered by' }),
    tenant: text(1000).nullable().default(null),
  })
  .openapi('NewEvent')

const postEvent = defineRoute({
  method: 'post',
  path: '/v1/events',
  summary: 'Write an event; every endpoint that wants it gets it',
  access: { tenants: true },
  request: { body: body(NewEvent) },
  responses: responses(Event, 'The event', 202),
})

const maxBytes = 256 * 1024

export const emit = new OpenAPIHono<App>()

emit.openapi(postEvent, async c => {
  const caller = callerOf(c)
  const { type, data, key, tenant } = c.req.valid('json')
  const refused = refuseOtherTenant(caller, tenant)
  if (refused) return refused
  const wrong = storageProblem(data)
  if (wrong) return badInput({ path: 'data', message: wrong })
  const written = await queries.emitEvent(c.var.db.run, {
    type,
    data: writeJson(data as Json),
    key,
    tenant: caller.tenant ?? tenant,
    maxBytes,
  })
  if (!written) return problem(413, `An event's data may have at most ${maxBytes / 1024} KiB.`)
  const event = await findEvent(c.var.db, written.id, caller)
  return reply(toEvent(event!), 202)
})
