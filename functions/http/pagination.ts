// Lists, newest first, a page at a time. A cursor is where the next page begins: rows that come or go move nothing.
import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { Json } from './json.ts'
import { badInput } from './problem.ts'
import { type Reply, reply } from './reply.ts'

/** The id of the last row seen, or several numbers where a list is ordered by several. */
export type Position = readonly bigint[]

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
  /** Reads at most `limit` rows behind the position. */
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

const checksumBytes = 8

/** base64url of a checksum over list and position, then the position's numbers in 8 bytes each. */
export async function writeCursor(list: string, position: Position): Promise<string> {
  const numbers = new DataView(new ArrayBuffer(position.length * 8))
  position.forEach((number, i) => {
    numbers.setBigInt64(i * 8, number)
  })
  const bytes = new Uint8Array(numbers.buffer)
  const binary = String.fromCharCode(...(await checksum(list, bytes)), ...bytes)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/**
 * null for anything that writeCursor did not write for this very list. The checksum catches mistakes, not forgery:
 * a forged cursor shows nothing but another page of the same list.
 */
export async function readCursor(list: string, cursor: string): Promise<Position | null> {
  if (!/^[\w-]{22,}$/.test(cursor)) return null
  const binary = decode(cursor)
  if (binary === null || binary.length % 8 !== 0) return null
  const bytes = Uint8Array.from(binary, char => char.charCodeAt(0)).subarray(checksumBytes)
  const numbers = new DataView(bytes.buffer, bytes.byteOffset)
  const position = Array.from({ length: bytes.length / 8 }, (_, i) => numbers.getBigInt64(i * 8))
  return (await writeCursor(list, position)) === cursor ? position : null
}

async function checksum(list: string, position: Uint8Array): Promise<Uint8Array> {
  const input = new Uint8Array([...new TextEncoder().encode(list), 0, ...position])
  return new Uint8Array(await crypto.subtle.digest('SHA-256', input)).subarray(0, checksumBytes)
}

function decode(base64url: string): string | null {
  try {
    return atob(base64url.replaceAll('-', '+').replaceAll('_', '/'))
  } catch {
    return null
  }
}
