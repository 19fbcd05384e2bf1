// What a generated schema looks like at the moment, as the test knows it without asking the outbox.
import { quote } from './names.ts'
import type { Kind, OwnTypes } from './types.ts'

export interface Column {
  name: string
  kind: Kind
  nullable: boolean
  /** Computed from another column; nobody writes it. */
  readonly generated: 'stored' | 'virtual' | null
  dropped: boolean
}

export interface Namespace {
  name: string
}

export interface Table {
  schema: Namespace
  name: string
  /** In the table's order, dropped ones included. The first identifies the row for the test, and is left alone. */
  readonly columns: Column[]
  /** Columns of the primary key; empty = it has none. */
  key: readonly Column[]
  /** A column that the key's index carries: when it is dropped, Postgres drops the key. */
  included: Column | null
  owner: string
  watch: Watch | null
  dropped: boolean
}

export type Operation = 'insert' | 'update' | 'delete' | 'truncate'
export const operations: readonly Operation[] = ['insert', 'update', 'delete', 'truncate']

/** The options of outbox.watch(), and the names that receivers know since. */
export interface Watch {
  readonly operations: readonly Operation[]
  /** The type without its last word. */
  readonly type: string
  /** Rows of even and of odd number have different types. */
  readonly hasTypeSql: boolean
  /** Their values make up the row before and after; null = `fields` or `data` do. */
  readonly shown: readonly Column[] | null
  /** Member → column, of the new row or of the old one. */
  readonly fields:
    | readonly { readonly member: string; readonly column: Column; readonly row: 'NEW' | 'OLD' }[]
    | null
  /** The data is a list of this one column's value. */
  readonly data: Column | null
  readonly whenChanged: readonly Column[] | null
  /** Only rows whose number is greater. */
  readonly condition: number | null
  readonly keyColumn: Column | null
  /** Without a key column: the primary key when the table was watched. */
  readonly primaryKey: readonly Column[]
  readonly tenant: Column | null
  /** As it was when the table was watched. */
  readonly tableName: string
  readonly fullName: string
  readonly known: ReadonlyMap<Column, string>
}

export interface Schema {
  readonly namespaces: Namespace[]
  readonly types: OwnTypes
  readonly tables: Table[]
  readonly owners: readonly string[]
}

export const words: Record<Operation, string> = {
  insert: 'created',
  update: 'updated',
  delete: 'deleted',
  truncate: 'truncated',
}

export const sqlName = ({ schema, name }: Pick<Table, 'schema' | 'name'>) =>
  `${quote(schema.name)}.${quote(name)}`
export const live = (table: Table) => table.columns.filter(column => !column.dropped)
export const tablesOf = (schema: Schema) => schema.tables.filter(table => !table.dropped)

/** Columns without which the watch's expressions make no sense. */
export function neededBy(watch: Watch): Column[] {
  return [
    ...(watch.shown ?? []),
    ...(watch.fields ?? []).map(field => field.column),
    ...watch.primaryKey,
    ...[watch.data, watch.keyColumn, watch.tenant].filter(column => column !== null),
  ]
}
