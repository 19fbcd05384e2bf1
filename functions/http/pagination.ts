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

/** Of a list that looks at so much and no more for each page. */
export function walkOf<Row extends z.ZodType>(row: Row) {
  return pageOf(row).extend({
    looked_to: z.string().optional().openapi({
      format: 'date-time',
      description:
        'The page has room left because enough was looked at: all since this time was. The next page goes on from there',
    }),
  })
}

interface PageAsked {
  readonly limit: number
  readonly cursor?: string | undefined
}

export interface List<Row> {
  /** Reads at most `limit` rows after the position. */
  read(after: Position | null, limit: number): Promise<readonly Row[]>
  positionOf(row: Row): Position
}

/** `next`: the cursor of the page after this one; null = this is the last. */
export async function readPage<Row>(
  name: string,
  after: Position | null,
  limit: number,
  list: List<Row>,
): Promise<{ rows: readonly Row[]; next: string | null }> {
  const found = await list.read(after, limit + 1) // one more tells whether there is a next page
  const rows = found.slice(0, limit)
  const last = found.length > limit ? rows.at(-1) : undefined
  return { rows, next: last === undefined ? null : await writeCursor(name, list.positionOf(last)) }
}

export async function replyPage<Row>(
  c: Context,
  { limit, cursor }: PageAsked,
  list: List<Row> & { write(row: Row): Json },
): Promise<Reply> {
  const place = await placeOf(c, cursor)
  if (place === null) return wrongCursor()
  const { rows, next } = await readPage(place.name, place.after, limit, list)
  return reply({ data: rows.map(row => list.write(row)), next_cursor: next })
}

/** A page's worth of a walk through rows of which not all match. */
export interface Walk<Row> {
  readonly rows: readonly Row[]
  /** There is at least one more. */
  readonly isFull: boolean
  /** Where to go on if the page is not full; null = the walk has come to its end. */
  readonly goesOnAt: Position | null
  readonly lookedTo: string | null
}

export interface WalkedList<Row> {
  /** At most `limit` rows after the position. */
  read(after: Position | null, limit: number): Promise<Walk<Row>>
  positionOf(row: Row): Position
}

/** The same for a walk. `lookedTo`: the page has room left because enough was looked at, which is all since this time. */
export async function readWalk<Row>(
  name: string,
  after: Position | null,
  limit: number,
  list: WalkedList<Row>,
): Promise<{ rows: readonly Row[]; next: string | null; lookedTo: string | null }> {
  const { rows, isFull, goesOnAt, lookedTo } = await list.read(after, limit)
  const next = isFull ? list.positionOf(rows.at(-1)!) : goesOnAt
  return { rows, next: next === null ? null : await writeCursor(name, next), lookedTo }
}

export async function replyWalk<Row>(
  c: Context,
  { limit, cursor }: PageAsked,
  list: WalkedList<Row> & { write(row: Row): Json },
): Promise<Reply> {
  const place = await placeOf(c, cursor)
  if (place === null) return wrongCursor()
  const { rows, next, lookedTo } = await readWalk(place.name, place.after, limit, list)
  return reply({
    data: rows.map(row => list.write(row)),
    next_cursor: next,
    ...(lookedTo === null ? {} : { looked_to: lookedTo }),
  })
}

/** null: the cursor is none of this list. */
async function placeOf(c: Context, cursor: string | undefined) {
  const name = listName(c.req.url)
  const after = cursor === undefined ? null : await readCursor(name, cursor)
  return cursor !== undefined && after === null ? null : { name, after }
}

const wrongCursor = () =>
  badInput({ path: 'cursor', message: 'is not a cursor of this list with these filters' })

/** The path and its filters: a cursor of one list means nothing in another. */
function listName(requestUrl: string): string {
  const url = new URL(requestUrl)
  url.searchParams.delete('limit')
  url.searchParams.delete('cursor')
  url.searchParams.sort()
  return `${url.pathname}?${url.searchParams}`
}
