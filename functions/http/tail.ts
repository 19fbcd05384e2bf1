// What is committed, as server-sent events. A connection lasts for some seconds, because a Worker may ask the database only so
// often; clients come back by themselves and say where they were.
import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { type SSEStreamingApi, streamSSE } from 'hono/streaming'
import { type Database, DatabaseError, openDatabase } from '../db.ts'
import type { App, Settings } from '../settings.ts'
import { type Position, readCursor, writeCursor } from './cursor.ts'
import { badInput } from './problem.ts'
import type { Reply } from './reply.ts'

export const TailHeaders = z.object({
  'last-event-id': z.string().optional().openapi({ description: 'Of the last message: goes on behind it' }),
})

export const WaitSeconds = z
  .string()
  .regex(/^(1?\d|20)$/, 'must be a whole number from 0 to 20')
  .transform(Number)
  .default(20)
  .openapi({ type: 'integer', minimum: 0, maximum: 20, default: 20, description: 'How long it lasts' })

/** One look into the database. */
export interface Look {
  readonly messages: readonly { readonly data: string; readonly position: Position }[]
  /** Where to go on. */
  readonly position: Position
  /** There may be more at once. */
  readonly mayHaveMore: boolean
}

export interface Tail {
  /** What its positions are of: this tail with these filters, as this caller sees it. */
  readonly name: string
  /** Of each message. */
  readonly event: string
  readonly waitSeconds: number
  /** `position` null = from now on. */
  look(db: Database, position: Position | null): Promise<Look>
}

export async function replyTail(c: Context<App>, tail: Tail): Promise<Reply> {
  const given = c.req.header('last-event-id')
  const position = given === undefined ? null : await readCursor(tail.name, given)
  if (given !== undefined && !position) {
    return badInput({ path: 'Last-Event-ID', message: 'is not of this tail with these filters' })
  }
  c.header('x-content-type-options', 'nosniff')
  c.header('cache-control', 'no-store')
  const { settings } = c.var
  return streamSSE(c, stream => follow(stream, settings, tail, position)) as unknown as Reply
}

/** Well inside the 50 subrequests of a Worker. */
const maxLooks = 40

async function follow(
  stream: SSEStreamingApi,
  settings: Settings,
  tail: Tail,
  from: Position | null,
): Promise<void> {
  await stream.write('retry: 1000\n\n')
  let position = from
  let left = tail.waitSeconds
  for (let looks = 0; looks < maxLooks && !stream.aborted; looks++) {
    const look = await lookOnce(settings, tail, position)
    if (!look) return // the client comes back
    await tell(stream, tail, look)
    position = look.position
    if (look.mayHaveMore) continue
    if (left-- <= 0) return
    await stream.sleep(1000)
  }
}

/** Each look has a connection and a deadline of its own. null = the database is not there. */
async function lookOnce(settings: Settings, tail: Tail, position: Position | null): Promise<Look | null> {
  const db = openDatabase(settings)
  try {
    return await tail.look(db, position)
  } catch (error) {
    if (error instanceof DatabaseError) return null
    throw error
  } finally {
    await db.close()
  }
}

async function tell(stream: SSEStreamingApi, { name, event }: Tail, look: Look): Promise<void> {
  for (const { data, position } of look.messages)
    await stream.writeSSE({ event, id: await writeCursor(name, position), data })
  // Without data it is no message, but moves the client's Last-Event-ID on.
  await stream.write(`id: ${await writeCursor(name, look.position)}\n\n`)
}
