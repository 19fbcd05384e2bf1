// GET /v1/events/tail: events as they are committed, as server-sent events. A connection lasts for some seconds, because a
// Worker may ask the database only so often; clients come back by themselves and say where they were.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { type SSEStreamingApi, streamSSE } from 'hono/streaming'
import { formatId } from '../../../delivery/ids.ts'
import { callerOf } from '../../access/caller.ts'
import { DatabaseError, openDatabase } from '../../db.ts'
import { type Position, readCursor, writeCursor } from '../../http/cursor.ts'
import { defineRoute } from '../../http/define-route.ts'
import { JsonText, writeJson } from '../../http/json.ts'
import { badInput } from '../../http/problem.ts'
import type { Reply } from '../../http/reply.ts'
import { text, textResponses } from '../../openapi/schemas.ts'
import type { App, Settings } from '../../settings.ts'
import { type Look, lookForEvents, type TailFilter } from './read.ts'

const getTail = defineRoute({
  method: 'get',
  path: '/v1/events/tail',
  operationId: 'tailEvents',
  summary: 'Events as they are committed, each once and none left out, as server-sent events',
  access: { tenants: true },
  request: {
    headers: z.object({
      'last-event-id': z
        .string()
        .optional()
        .openapi({ description: 'Of the last message: goes on behind it' }),
    }),
    query: z.strictObject({
      type: text(200).optional(),
      tenant: text(1000).optional(),
      include: z.literal('data').optional().openapi({ description: 'Shows what the events hold' }),
      wait_seconds: z
        .string()
        .regex(/^(1?\d|20)$/, 'must be a whole number from 0 to 20')
        .transform(Number)
        .default(20)
        .openapi({ type: 'integer', minimum: 0, maximum: 20, default: 20, description: 'How long it lasts' }),
    }),
  },
  responses: textResponses('text/event-stream', z.string(), 'Messages named `event`'),
})

export const eventTail = new OpenAPIHono<App>()

eventTail.openapi(getTail, async c => {
  const { wait_seconds, include, ...filter } = c.req.valid('query')
  const reader = callerOf(c).tenant
  const given = c.req.header('last-event-id')
  // A position is one of this tail and of what this caller may see.
  const name = `tail ${JSON.stringify([filter.type, filter.tenant, reader])}`
  const position = given === undefined ? null : await readCursor(name, given)
  if (given !== undefined && !position) {
    return badInput({ path: 'Last-Event-ID', message: 'is not of this tail with these filters' })
  }
  const tail = { settings: c.var.settings, reader, filter, name, showsData: include === 'data' }
  c.header('x-content-type-options', 'nosniff')
  c.header('cache-control', 'no-store')
  return streamSSE(c, stream => follow(stream, tail, position, wait_seconds)) as unknown as Reply
})

interface Tail {
  readonly settings: Settings
  readonly reader: string | null
  readonly filter: TailFilter
  readonly name: string
  readonly showsData: boolean
}

/** Well inside the 50 subrequests of a Worker. */
const maxLooks = 40

async function follow(
  stream: SSEStreamingApi,
  tail: Tail,
  from: Position | null,
  seconds: number,
): Promise<void> {
  await stream.write('retry: 1000\n\n')
  let position = from
  let left = seconds
  for (let looks = 0; looks < maxLooks && !stream.aborted; looks++) {
    const look = await lookOnce(tail, position)
    if (!look) return // the client comes back
    await tell(stream, tail, look)
    position = look.position
    if (look.mayHaveMore) continue
    if (left-- <= 0) return
    await stream.sleep(1000)
  }
}

/** Each look has a connection and a deadline of its own. null = the database is not there. */
async function lookOnce({ settings, reader, filter }: Tail, position: Position | null): Promise<Look | null> {
  const db = openDatabase(settings)
  try {
    return await lookForEvents(db, reader, filter, position)
  } catch (error) {
    if (error instanceof DatabaseError) return null
    throw error
  } finally {
    await db.close()
  }
}

async function tell(stream: SSEStreamingApi, { name, showsData }: Tail, look: Look): Promise<void> {
  for (const row of look.rows) {
    const { id, nonce, type, key, tenant, happenedAt, data } = row
    const shown = { id: formatId('evt', id, nonce), type, key, tenant, timestamp: happenedAt }
    await stream.writeSSE({
      event: 'event',
      id: await writeCursor(name, look.positionAfter(row)),
      data: writeJson(showsData ? { ...shown, data: new JsonText(data) } : shown),
    })
  }
  // Without data it is no message, but moves the client's Last-Event-ID on.
  await stream.write(`id: ${await writeCursor(name, look.position)}\n\n`)
}
