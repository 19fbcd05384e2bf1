// Which events a change must make: computed from the rows before and after it, without any code of the outbox.
import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type pg from 'pg'
import {
  type Column,
  live,
  neededBy,
  type Operation,
  sqlName,
  type Table,
  type Watch,
  words,
} from './model.ts'
import { quote } from './names.ts'

/** A row as it prints with the outbox's settings: each column as JSON and as text. */
export interface Image {
  readonly json: ReadonlyMap<Column, unknown>
  readonly text: ReadonlyMap<Column, string | null>
}
/** By the number of the row. */
export type Images = ReadonlyMap<number, Image>

export interface ExpectedEvent {
  type: string
  /** undefined = it failed, and whatever was known of it is right. */
  key?: string | null
  tenant?: string | null
  data: unknown
}

export async function readImages(client: pg.Client, table: Table): Promise<Images> {
  const columns = live(table)
  const texts = columns.map(
    ({ name }) => `case when num_nulls(zz_.${quote(name)}) = 0 then concat(zz_.${quote(name)}) end`,
  )
  const { rows } = await client.query({
    text: `select to_json((zz_.*))::text, array[${texts.join()}]::text[] from ${sqlName(table)} as zz_`,
    rowMode: 'array',
  })
  return new Map(
    (rows as [string, (string | null)[]][]).map(([text, values]) => {
      const row = JSON.parse(text)
      const image = {
        json: new Map(columns.map(column => [column, row[column.name]])),
        text: new Map(columns.map((column, i) => [column, values[i]!])),
      }
      return [Number(row[columns[0]!.name]), image] as const
    }),
  )
}

export function expectedEvents(
  table: Table,
  before: Images,
  after: Images,
  isTruncate: boolean,
): ExpectedEvent[] {
  const { watch } = table
  if (!watch) return []
  if (isTruncate) return watch.operations.includes('truncate') ? [truncated(watch)] : []
  const numbers = new Set([...before.keys(), ...after.keys()])
  return [...numbers].flatMap(number => {
    const [old, now] = [before.get(number), after.get(number)]
    const operation = !old ? 'insert' : !now ? 'delete' : 'update'
    if (!watch.operations.includes(operation)) return []
    if (watch.condition !== null && number <= watch.condition) return []
    if (operation === 'update' && !passesWhen(table, watch, old!, now!)) return []
    if (neededBy(watch).some(column => column.dropped)) return [failed(watch, operation)]
    if (operation === 'update' && !changesShown(table, watch, old!, now!)) return []
    return [rowEvent(watch, operation, number, old, now)]
  })
}

const differs = (old: Image, now: Image) => (column: Column) => old.text.get(column) !== now.text.get(column)

function passesWhen(table: Table, watch: Watch, old: Image, now: Image): boolean {
  return (watch.whenChanged ?? live(table)).some(differs(old, now))
}

function changesShown(table: Table, watch: Watch, old: Image, now: Image): boolean {
  if (watch.whenChanged) return true
  const known = live(table).filter(column => watch.known.has(column) && column.generated !== 'virtual')
  return (watch.shown ?? known).some(differs(old, now))
}

function rowEvent(
  watch: Watch,
  operation: Operation,
  number: number,
  old?: Image,
  now?: Image,
): ExpectedEvent {
  const row = (now ?? old)!
  return {
    type: watch.hasTypeSql
      ? `${watch.type}.${number % 2 === 0 ? 'even' : 'odd'}`
      : `${watch.type}.${words[operation]}`,
    key: bounded(watch.keyColumn ? asText(watch.keyColumn, row) : defaultKey(watch, row)),
    tenant: watch.tenant ? bounded(asText(watch.tenant, row)) : null,
    data: dataOf(watch, operation, old, now),
  }
}

function dataOf(watch: Watch, operation: Operation, old?: Image, now?: Image): unknown {
  const row = (now ?? old)!
  if (watch.data) return [row.json.get(watch.data)]
  if (watch.fields) {
    return Object.fromEntries(
      watch.fields.map(({ member, column, row: which }) => [
        member,
        (which === 'NEW' ? row : old)?.json.get(column) ?? null,
      ]),
    )
  }
  const shown = (image?: Image) =>
    image
      ? Object.fromEntries(watch.shown!.map(column => [watch.known.get(column)!, image.json.get(column)]))
      : null
  return {
    table: watch.fullName,
    operation,
    new: shown(now),
    old: shown(old),
    changed:
      operation === 'update'
        ? watch.shown!.filter(differs(old!, now!)).map(column => watch.known.get(column)!)
        : null,
  }
}

/** As a cast to text prints it, where that is not what concat() prints. */
function asText(column: Column, row: Image): string | null {
  const text = row.text.get(column)!
  if (text === null) return null
  switch (column.kind.sql) {
    case 'bool':
      return text === 't' ? 'true' : 'false'
    case 'char(6)':
      return text.trimEnd()
    case 'inet':
      return text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`
    default:
      return text
  }
}

const truncated = (watch: Watch): ExpectedEvent => ({
  type: `${watch.type}.truncated`,
  key: null,
  tenant: null,
  data: { table: watch.fullName, operation: 'truncate', new: null, old: null, changed: null },
})

const failed = (watch: Watch, operation: Operation): ExpectedEvent => ({
  type: 'outbox.capture.failed',
  data: { table: watch.fullName, operation, sqlstate: '42703' },
})

export function defaultKey(watch: Watch, row: Image): string {
  const parts = watch.primaryKey.map(column => {
    return watch.primaryKey.length === 1 || column.kind.plainInKey
      ? row.text.get(column)!
      : asText(column, row)!.replaceAll('%', '%25').replaceAll('/', '%2F')
  })
  return `${watch.tableName}/${parts.join('/')}`
}

/** Of 1,000 bytes at most, as an index takes them. */
export function bounded(text: string | null): string | null {
  if (text === null || Buffer.byteLength(text) <= 1000) return text
  return `${[...text].slice(0, 240).join('')}...${createHash('md5').update(text).digest('hex')}`
}

/** Throws what is missing and what is too much. */
export function compare(
  expected: ExpectedEvent[],
  rows: { type: string; key: string | null; tenant: string | null; data: string }[],
) {
  const actual = rows.map(({ data, ...rest }) => ({ ...rest, data: JSON.parse(data) }))
  const rest = [...actual]
  const missing = expected.filter(event => {
    const at = rest.findIndex(one =>
      isDeepStrictEqual(
        { ...one, ...(event.key === undefined ? { key: undefined, tenant: undefined } : {}) },
        { key: undefined, tenant: undefined, ...event },
      ),
    )
    if (at >= 0) rest.splice(at, 1)
    return at < 0
  })
  if (missing.length > 0 || rest.length > 0) {
    throw new Error(
      `expected and missing:\n${missing.map(show).join('\n')}\nnot expected:\n${rest.map(show).join('\n')}`,
    )
  }
}

const show = (event: unknown) => JSON.stringify(event).slice(0, 3000)
