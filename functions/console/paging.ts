// A page of a list, with the cursors of the API: rows that come or go meanwhile move nothing.
import { html } from 'hono/html'
import { readCursor } from '../http/cursor.ts'
import { type List, readPage, readWalk, type WalkedList } from '../http/pagination.ts'
import { type Query, withQuery } from './filters.ts'
import type { Html } from './parts.ts'
import { exactly } from './words.ts'

export const rowsOnPage = 50

interface Asked {
  /** The list with its filters: a cursor of another one means nothing here. */
  readonly name: string
  readonly query: Query
  readonly cursor: string | undefined
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
  read,
  positionOf,
  ...asked
}: Asked & List<Row>): Promise<ListPage<Row>> {
  const { list, after } = await placeOf(asked)
  return { ...(await readPage(list, after, rowsOnPage, { read, positionOf })), isFirst: after === null }
}

/** The same for a list that looks at so much and no more for each page. */
export async function readWalkPage<Row>({
  read,
  positionOf,
  ...asked
}: Asked & WalkedList<Row>): Promise<ListPage<Row>> {
  const { list, after } = await placeOf(asked)
  return { ...(await readWalk(list, after, rowsOnPage, { read, positionOf })), isFirst: after === null }
}

/** A cursor that means nothing here is the first page. */
async function placeOf({ name, query, cursor }: Asked) {
  const list = `console ${withQuery(name, query)}`
  return { list, after: cursor ? await readCursor(list, cursor) : null }
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
