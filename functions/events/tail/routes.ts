// GET /v1/events/tail: events as they are committed, as server-sent events.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { formatId } from '../../../delivery/ids.ts'
import type { TailEventsRow } from '../../../drizzle/queries.gen.ts'
import { callerOf } from '../../access/caller.ts'
import { defineRoute } from '../../http/define-route.ts'
import { JsonText, writeJson } from '../../http/json.ts'
import { replyTail, TailHeaders, WaitSeconds } from '../../http/tail.ts'
import { text, textResponses } from '../../openapi/schemas.ts'
import type { App } from '../../settings.ts'
import { lookForEvents } from './read.ts'

const getTail = defineRoute({
  method: 'get',
  path: '/v1/events/tail',
  operationId: 'tailEvents',
  summary: 'Events as they are committed, each once and none left out, as server-sent events',
  access: { tenants: true },
  request: {
    headers: TailHeaders,
    query: z.strictObject({
      type: text(200).optional(),
      tenant: text(1000).optional(),
      include: z.literal('data').optional().openapi({ description: 'Shows what the events hold' }),
      wait_seconds: WaitSeconds,
    }),
  },
  responses: textResponses('text/event-stream', z.string(), 'Messages named `event`'),
})

export const eventTail = new OpenAPIHono<App>()

eventTail.openapi(getTail, c => {
  const { wait_seconds, include, ...filter } = c.req.valid('query')
  const reader = callerOf(c).tenant
  const write = (row: TailEventsRow) => writeJson(include === 'data' ? withData(row) : shownOf(row))
  return replyTail(c, {
    name: `tail ${JSON.stringify([filter.type, filter.tenant, reader])}`,
    event: 'event',
    waitSeconds: wait_seconds,
    async look(db, from) {
      const { rows, positionAfter, position, mayHaveMore } = await lookForEvents(db, reader, filter, from)
      const messages = rows.map(row => ({ data: write(row), position: positionAfter(row) }))
      return { messages, position, mayHaveMore }
    },
  })
})

const shownOf = ({ id, nonce, type, key, tenant, happenedAt }: TailEventsRow) => ({
  id: formatId('evt', id, nonce),
  type,
  key,
  tenant,
  timestamp: happenedAt,
})

const withData = (row: TailEventsRow) => ({ ...shownOf(row), data: new JsonText(row.data) })
