// Capture of a table from a migration of your own, with Drizzle: `await watch(tx, 'orders', { type: 'order.{operation}' })`.
// From SQL: outbox.watch(). The options mean the same there and here (docs/capture.md).
import { type SQL, sql } from 'drizzle-orm'
import type { Executor } from './emit.ts'

export type Operation = 'insert' | 'update' | 'delete' | 'truncate'

export interface WatchOptions {
  readonly operations?: readonly Operation[]
  /** The type of its events, such as `order.{operation}`. */
  readonly type?: string
  /** Exceptions from it. */
  readonly types?: Readonly<Partial<Record<Operation, string>>>
  /** An SQL expression that gives the type. */
  readonly typeSql?: string
  /** What `typeSql` may give. */
  readonly possibleTypes?: readonly string[]
  readonly columns?: readonly string[]
  readonly exceptColumns?: readonly string[]
  /** An update makes an event only if one of these columns changed. */
  readonly whenChanged?: readonly string[]
  /** An expression over `OLD` and `NEW`: only rows for which it is true. */
  readonly condition?: string
  /** Expressions. */
  readonly key?: string
  readonly tenant?: string
  /** The data, an expression for each member. */
  readonly fields?: Readonly<Record<string, string>>
  /** One expression for all of the data. */
  readonly data?: string
  readonly onlyOwnRows?: boolean
}

/** Captures the changes of a table as events; called again, it replaces the options. `table` is as SQL would name it. */
export async function watch(tx: Executor, table: string, options: WatchOptions = {}): Promise<void> {
  const named = [
    list('operations', options.operations),
    text('type', options.type),
    json('types', options.types),
    text('type_sql', options.typeSql),
    list('possible_types', options.possibleTypes),
    list('columns', options.columns),
    list('except_columns', options.exceptColumns),
    list('when_changed', options.whenChanged),
    text('condition', options.condition),
    text('key', options.key),
    text('tenant', options.tenant),
    json('fields', options.fields),
    text('data', options.data),
    flag('only_own_rows', options.onlyOwnRows),
  ].filter(argument => argument !== null)
  await tx.execute(sql`select outbox.watch(${sql.join([sql`${table}::text::regclass`, ...named], sql`, `)})`)
}

/** Ends it. The events that were captured stay. */
export async function unwatch(tx: Executor, table: string): Promise<void> {
  await tx.execute(sql`select outbox.unwatch(${table}::text::regclass)`)
}

const argument = (name: string, value: SQL) => sql`${sql.raw(name)} => ${value}`

/** Only what is given is named, so that the defaults are those of outbox.watch(). */
const text = (name: string, value: string | undefined) =>
  value === undefined ? null : argument(name, sql`${value}::text`)

const flag = (name: string, value: boolean | undefined) =>
  value === undefined ? null : argument(name, sql`${String(value)}::text::boolean`)

const json = (name: string, value: unknown) =>
  value === undefined ? null : argument(name, sql`${JSON.stringify(value)}::text::json`)

/** As JSON, because each driver has its own idea of an array. */
const list = (name: string, values: readonly string[] | undefined) =>
  values === undefined
    ? null
    : argument(name, sql`array(select json_array_elements_text(${JSON.stringify(values)}::text::json))`)
