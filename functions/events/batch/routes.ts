// Up to 500 events in one request: one statement writes them all, or none. An Idempotency-Key is for the whole.
import { OpenAPIHono } from '@hono/zod-openapi'
import { callerOf, refuseOtherTenant } from '../../access/caller.ts'
import { defineRoute } from '../../http/define-route.ts'
import { badInput, badList, errorWithPointer, problem } from '../../http/problem.ts'
import { type Reply, reply } from '../../http/reply.ts'
import { body, responses } from '../../openapi/schemas.ts'
import type { App } from '../../settings.ts'
import { maxBytes } from '../operations.ts'
import { emitEvents, maxTotalBytes, type Refusal } from './operations.ts'
import { EmittedEvents, maxEvents, NewEvents } from './schema.ts'

const postEvents = defineRoute({
  method: 'post',
  path: '/v1/events/batch',
  operationId: 'createEvents',
  summary: `Write up to ${maxEvents} events, all or none; they get their ids in this order`,
  access: { tenants: true, maxBodyKilobytes: maxTotalBytes / 1024 },
  request: { body: body(NewEvents) },
  responses: responses(EmittedEvents, "The events' ids, in the order of the request", 202),
})

export const eventBatches = new OpenAPIHono<App>({ defaultHook: badList })

eventBatches.openapi(postEvents, async c => {
  const emitted = await emitEvents(c.var.db, callerOf(c), c.req.valid('json').events)
  if ('refused' in emitted) return refuse(emitted)
  return reply({ data: emitted.ids.map(id => ({ id })) }, 202)
})

function refuse(refusal: Refusal): Reply {
  switch (refusal.refused) {
    case 'other tenant':
      return refuseOtherTenant(at(refusal.place, 'tenant', "is not this key's"))
    case 'wrong data':
      return badInput(at(refusal.place, 'data', refusal.wrongData))
    case 'too large':
      return problem(413, `An event's data may have at most ${maxBytes / 1024} KiB.`, {
        errors: [at(refusal.place, 'data', 'is too large')],
      })
    case 'too large together':
      return problem(413, `The data of all events may have at most ${maxTotalBytes / 1024} KiB.`)
  }
}

const at = (place: number, field: string, message: string) =>
  errorWithPointer(['events', place, field], message)
