// What happens to a schema over time: renames, drops, additions, owners, watches. Each step changes the database and the model alike.
import type { Random } from '../../../dev/random.ts'
import { createTable, type Execute, randomColumn, randomTable, randomWatch, watchSql } from './build.ts'
import { type Column, live, type Schema, sqlName, type Table, tablesOf } from './model.ts'
import { freshName, quote } from './names.ts'
import { anyValue, kinds, ownTypes, typeSql } from './types.ts'

export interface Scenario {
  readonly random: Random
  readonly schema: Schema
  readonly writer: string
  readonly execute: Execute
  /** A number for the next watch, over all schemas of the database. */
  nextWatch(): number
}

/** A table; the schema as a whole needs none. */
type Step = (scenario: Scenario, table: Table) => Promise<void>

const columnsToChange = (table: Table) => live(table).filter(column => column !== table.columns[0])
const alter = (table: Table) => `alter table ${sqlName(table)}`
const newColumnName = ({ random }: Scenario, table: Table) =>
  freshName(
    random,
    live(table).map(column => column.name),
  )
const newTableName = ({ random, schema }: Scenario) =>
  freshName(
    random,
    tablesOf(schema).map(table => table.name),
  )

const renameTable: Step = async (scenario, table) => {
  const name = newTableName(scenario)
  await scenario.execute(`${alter(table)} rename to ${quote(name)}`)
  table.name = name
}

const moveTable: Step = async ({ schema, execute }, table) => {
  const target = schema.namespaces.find(namespace => namespace !== table.schema)!
  await execute(`${alter(table)} set schema ${quote(target.name)}`)
  table.schema = target
}

const renameNamespace: Step = async ({ random, execute }, table) => {
  const name = `${table.schema.name.slice(0, 20)}${random.between(0, 999_999)}`
  await execute(`alter schema ${quote(table.schema.name)} rename to ${quote(name)}`)
  table.schema.name = name
}

const renameTypesNamespace: Step = async ({ random, schema, execute }) => {
  const name = `${schema.types.schema.slice(0, 20)}${random.between(0, 999_999)}`
  await execute(`alter schema ${quote(schema.types.schema)} rename to ${quote(name)}`)
  schema.types.schema = name
}

const renameType: Step = async ({ random, schema, execute }) => {
  const type = random.pick(ownTypes, 1)[0]!
  const name = freshName(random, Object.values(schema.types.names))
  await execute(
    `alter type ${quote(schema.types.schema)}.${quote(schema.types.names[type])} rename to ${quote(name)}`,
  )
  schema.types.names[type] = name
}

/** Two tables of one namespace take each other's names. */
const swapTables: Step = async ({ schema, execute }, table) => {
  const other = tablesOf(schema).find(one => one !== table && one.schema === table.schema)
  if (!other) return
  const [mine, theirs] = [table.name, other.name]
  await execute(`${alter(table)} rename to swapping; ${alter(other)} rename to ${quote(mine)};
    alter table ${quote(table.schema.name)}.swapping rename to ${quote(theirs)}`)
  table.name = theirs
  other.name = mine
}

const renameColumn: Step = async (scenario, table) => {
  const column = scenario.random.pick(live(table), 1)[0]!
  const name = newColumnName(scenario, table)
  await scenario.execute(`${alter(table)} rename ${quote(column.name)} to ${quote(name)}`)
  column.name = name
}

const swapColumns: Step = async ({ random, execute }, table) => {
  const columns = columnsToChange(table)
  if (columns.length < 2) return
  const [one, other] = random.pick(columns, 2) as [Column, Column]
  await execute(`${alter(table)} rename ${quote(one.name)} to swapping; ${alter(table)} rename ${quote(other.name)} to ${quote(one.name)};
    ${alter(table)} rename swapping to ${quote(other.name)}`)
  ;[one.name, other.name] = [other.name, one.name]
}

const addColumn: Step = async (scenario, table) => {
  const { random, schema, execute } = scenario
  if (table.columns.length > 80) return
  const column = { ...randomColumn(random, live(table)), nullable: true }
  const filled = random.chance(0.4) ? ` default ${anyValue(random, column.kind, false)}` : ''
  await execute(`${alter(table)} add ${quote(column.name)} ${typeSql(column.kind, schema.types)}${filled}`)
  table.columns.push(column)
}

/** A column goes, and another one comes with its name. */
const replaceColumn: Step = async (scenario, table) => {
  const { random, schema, execute } = scenario
  const column = random.pick(columnsToChange(table), 1)[0]
  if (!column) return
  const name = newColumnName(scenario, table)
  const added = { ...randomColumn(random, live(table)), name: column.name, nullable: true }
  await execute(`${alter(table)} rename ${quote(column.name)} to ${quote(name)};
    ${alter(table)} add ${quote(added.name)} ${typeSql(added.kind, schema.types)}`)
  column.name = name
  table.columns.push(added)
}

const dropColumn: Step = async ({ random, execute }, table) => {
  const column = random.pick(
    columnsToChange(table).filter(one => !table.key.includes(one)),
    1,
  )[0]
  if (!column) return
  await execute(`${alter(table)} drop ${quote(column.name)}`)
  column.dropped = true
  if (column === table.included) table.key = []
}

const retypeColumn: Step = async ({ random, schema, execute }, table) => {
  const columns = columnsToChange(table).filter(
    one => !table.key.includes(one) && one.nullable && !one.generated,
  )
  const column = random.pick(columns, 1)[0]
  if (!column) return
  const kind = random.pick(Object.values(kinds), 1)[0]!
  await execute(
    `${alter(table)} alter ${quote(column.name)} drop default, alter ${quote(column.name)} type ${typeSql(kind, schema.types)} using null`,
  )
  column.kind = kind
}

/** Postgres has named it. */
const dropKeySql = (table: Table) => `do $key$ begin
      execute (select format('alter table %s drop constraint %I', conrelid::regclass, conname)
               from pg_constraint where conrelid = ${quoted(sqlName(table))}::regclass and contype = 'p'); end $key$`

const dropKey: Step = async ({ execute }, table) => {
  if (table.key.length === 0) return
  await execute(dropKeySql(table))
  table.key = []
  table.included = null
}

const replaceKey: Step = async ({ random, execute }, table) => {
  const candidates = live(table).filter(column => column.kind.keyable && column.generated !== 'virtual')
  const key = random.pick(candidates, random.between(1, Math.min(3, candidates.length)))
  const drop = table.key.length > 0 ? `${dropKeySql(table)}; ` : ''
  await execute(`${drop}${alter(table)} add primary key (${key.map(column => quote(column.name)).join()})`)
  for (const column of key) column.nullable = false
  table.key = key
  table.included = null
}

const changeOwner: Step = async ({ random, schema, execute }, table) => {
  const owner = random.pick(schema.owners, 1)[0]!
  await execute(`${alter(table)} owner to ${owner}`)
  table.owner = owner
}

export const watch: Step = async ({ random, execute, nextWatch }, table) => {
  const options = randomWatch(random, table, nextWatch())
  await execute(watchSql(random, table, options), random.chance(0.5) ? table.owner : undefined)
  table.watch = options
}

const unwatch: Step = async ({ execute }, table) => {
  await execute(`select outbox.unwatch(${quoted(sqlName(table))})`)
  table.watch = null
}

/**
 * The table is dropped, and another one gets its name. Unless it is watched, the old watch is ended before: it would be taken for
 * the watch of a table that was restored.
 */
const replaceTable: Step = async scenario => {
  const { random, schema, execute, writer } = scenario
  const table = random.pick(tablesOf(schema), 1)[0]!
  const isWatched = random.chance(0.6)
  if (!isWatched && table.watch) await execute(`select outbox.unwatch(${quoted(sqlName(table))})`)
  await execute(`drop table ${sqlName(table)}`)
  table.dropped = true
  const added = randomTable(random, table.schema, table.name, schema.owners)
  await createTable(random, schema, added, writer, execute)
  schema.tables.push(added)
  if (isWatched) await watch(scenario, added)
}

const repair: Step = async ({ execute }) => {
  await execute('select * from outbox.repair()')
}

const recompile: Step = async ({ execute }) => {
  await execute('select * from outbox.recompile_watches()')
}

const quoted = (text: string) => `$name$${text}$name$`

/** By how often they happen. */
export const steps: readonly (readonly [string, number, Step])[] = [
  ['rename the table', 4, renameTable],
  ['move the table to another schema', 2, moveTable],
  ['rename the schema', 2, renameNamespace],
  ['rename the schema of its types', 1, renameTypesNamespace],
  ['rename a type', 2, renameType],
  ['swap the names of two tables', 2, swapTables],
  ['rename a column', 5, renameColumn],
  ['swap the names of two columns', 2, swapColumns],
  ['add a column', 5, addColumn],
  ['rename a column and add another of its name', 2, replaceColumn],
  ['drop a column', 4, dropColumn],
  ['change the type of a column', 3, retypeColumn],
  ['change the owner', 3, changeOwner],
  ['drop the primary key', 1, dropKey],
  ['make another primary key', 1, replaceKey],
  ['watch again', 5, watch],
  ['unwatch', 1, unwatch],
  ['drop the table and make another of its name', 1, replaceTable],
  ['repair', 1, repair],
  ['recompile', 1, recompile],
]
