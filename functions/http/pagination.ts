// Lists, newest first, a page at a time. A cursor says where the next page begins, so rows that come or go move nothing.
import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { type Position, readCursor, writeCursor } from './cursor.ts'
import type { Json } from './json.ts'
import { badInput } from './problem.ts'
import { type Reply, reply } from './reply.ts'

export type { Position }

export const PageQuery = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/, 'must be a whole number from 1 to 200')
    .transform(Number)
    .refine(limit => limit >= 1 && limit <= 200, 'must be a whole number from 1 to 200')
    .default(50)
    .openapi({ type: 'integer', minimum: 1, maximum: 200, default: 50 }),
  cursor: z.string().optional().openapi({ description: '`next_cursor` of the page before' }),
}

export function pageOf<Row extends z.ZodType>(row: Row) {
  return z.object({ data: z.array(row), next_cursor: z.string().nullable() })
}

interface List<Row> {
  /** Reads at most `limit` rows after the position. */
  read(after: Position | null, limit: number): Promise<Row[]>
  positionOf(row: Row): Position
  write(row: Row): Json
}

export async function replyPage<Row>(
  c: Context,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
  list: List<Row>,
): Promise<Reply> {
  const name = listName(c.req.url)
  const after = cursor === undefined ? null : await readCursor(name, cursor)
  if (cursor !== undefined && !after) {
    return badInput({ path: 'cursor', message: 'is not a cursor of this list with these filters' })
  }
  const rows = await list.read(after, limit + 1) // one more tells whether there is a next page
  const page = rows.slice(0, limit)
  const last = rows.length > limit ? page.at(-1) : undefined
  return reply({
    data: page.map(row => list.write(row)),
    next_cursor: last === undefined ? null : await writeCursor(name, list.positionOf(last)),
  })
}

/** The path and its filters: a cursor of one list means nothing in another. */
function listName(requestUrl: string): string {
  const url = new URL(requestUrl)
  url.searchParams.delete('limit')
  url.searchParams.delete('cursor')
  url.searchParams.sort()
  return `${url.pathname}?${url.searchParams}`
}
