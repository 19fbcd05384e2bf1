// A page of a list, with the cursors of the API: rows that come or go meanwhile move nothing.
import { html } from 'hono/html'
import { type Position, readCursor, writeCursor } from '../http/cursor.ts'
import type { Walk } from '../http/pagination.ts'
import { type Query, withQuery } from './filters.ts'
import type { Html } from './parts.ts'
import { exactly } from './words.ts'

export const rowsOnPage = 50

interface Source<Row> {
  /** The list with its filters: a cursor of another one means nothing here. */
  readonly name: string
  readonly query: Query
  readonly cursor: string | undefined
  read(after: Position | null, limit: number): Promise<readonly Row[]>
  positionOf(row: Row): Position
}

/** The same for a list that looks at so much and no more for each page (functions/http/pagination.ts). */
export async function readWalkPage<Row>({
  name,
  query,
  cursor,
  read,
  positionOf,
}: Omit<Source<Row>, 'read'> & {
  read(after: Position | null, limit: number): Promise<Walk<Row>>
}): Promise<ListPage<Row>> {
  const list = `console ${withQuery(name, query)}`
  const after = cursor ? await readCursor(list, cursor) : null
  const { rows, isFull, goesOnAt, lookedTo } = await read(after, rowsOnPage)
  const next = isFull ? positionOf(rows.at(-1)!) : goesOnAt
  return { rows, next: next && (await writeCursor(list, next)), isFirst: after === null, lookedTo }
}

export interface ListPage<Row> {
  readonly rows: readonly Row[]
  /** The link's cursor; null = this is the end. */
  readonly next: string | null
  readonly isFirst: boolean
  /** The page has room left because enough was looked at: all since this time was. */
  readonly lookedTo?: string | null
}

export async function readListPage<Row>({
  name,
  query,
  cursor,
  read,
  positionOf,
}: Source<Row>): Promise<ListPage<Row>> {
  const list = `console ${withQuery(name, query)}`
  const after = cursor ? await readCursor(list, cursor) : null
  const found = await read(after, rowsOnPage + 1)
  const rows = found.slice(0, rowsOnPage)
  const last = found.length > rowsOnPage ? rows.at(-1) : undefined
  return {
    rows,
    next: last === undefined ? null : await writeCursor(list, positionOf(last)),
    isFirst: after === null,
  }
}

export const pageLinks = (
  path: string,
  query: Query,
  { next, isFirst, lookedTo = null }: Pick<ListPage<unknown>, 'next' | 'isFirst' | 'lookedTo'>,
): Html | '' =>
  next === null && isFirst
    ? ''
    : html`<p class="more">${isFirst ? html`<span></span>` : html`<a href="${withQuery(path, query)}">Newest</a>`}${
        next === null
          ? html`<span>This is the end.</span>`
          : html`<a href="${withQuery(path, query, { cursor: next })}" rel="next">${lookedTo === null ? 'Older' : `Look further back than ${exactly(new Date(lookedTo))}`}</a>`
      }</p>`
