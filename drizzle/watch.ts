// Capture of a table from a migration of your own: `await watch(tx, 'orders', { type: 'order.{operation}' })`. From SQL:
// outbox.watch(). The options mean the same there and here (docs/capture.md).
import { type Handle, runStatement } from './run-statement.ts'

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
export async function watch(tx: Handle, table: string, options: WatchOptions = {}): Promise<void> {
  const given = [
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
  const named = given.map(({ name, expression }, i) => `, ${name} => ${expression(`$${i + 2}`)}`)
  await runStatement(tx, {
    text: `select outbox.watch($1::text::regclass${named.join('')})::text`,
    values: [table, ...given.map(({ value }) => value)],
  })
}

/** Ends it. The events that were captured stay. */
export async function unwatch(tx: Handle, table: string): Promise<void> {
  await runStatement(tx, { text: 'select outbox.unwatch($1::text::regclass)::text', values: [table] })
}

interface Argument {
  readonly name: string
  readonly value: string
  /** Of the parameter that has the value. All are bound as text, because each driver has its own idea of an array. */
  readonly expression: (parameter: string) => string
}

/** Only what is given is named, so that the defaults are those of outbox.watch(). */
const argument = (name: string, value: string | undefined, expression: Argument['expression']) =>
  value === undefined ? null : { name, value, expression }

const text = (name: string, value: string | undefined) => argument(name, value, it => `${it}::text`)

const flag = (name: string, value: boolean | undefined) =>
  argument(name, value === undefined ? value : String(value), it => `${it}::text::boolean`)

const json = (name: string, value: unknown) =>
  argument(name, JSON.stringify(value), it => `${it}::text::json`)

const list = (name: string, values: readonly string[] | undefined) =>
  argument(name, JSON.stringify(values), it => `array(select json_array_elements_text(${it}::text::json))`)
