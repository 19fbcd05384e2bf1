// Makes a random schema: its types, tables and watches.
import type { Random } from '../../../dev/random.ts'
import {
  type Column,
  live,
  type Operation,
  operations,
  type Schema,
  sqlName,
  type Table,
  type Watch,
} from './model.ts'
import { freshName, literal, quote } from './names.ts'
import { anyValue, type Kind, kinds, ownTypes, typeSql } from './types.ts'

/** Runs one statement of the scenario, as this role, and remembers it. */
export type Execute = (statement: string, role?: string) => Promise<unknown>

const allKinds = Object.values(kinds)
const keyKinds = allKinds.filter(kind => kind.keyable)

export function randomSchema(random: Random, seed: number, owners: readonly string[]): Schema {
  const names: string[] = []
  const name = () => {
    const fresh = freshName(random, names)
    names.push(fresh)
    return fresh
  }
  // With the seed, because a database has many of them.
  const namespace = (part: string) => ({ name: `${part}${seed} ${name()}`.slice(0, 25) })
  const [first, second, types] = [namespace('a'), namespace('b'), namespace('t')]
  const typeNames = Object.fromEntries(ownTypes.map(type => [type, name()])) as Schema['types']['names']
  return {
    namespaces: [first, second],
    types: { schema: types.name, names: typeNames },
    tables: Array.from({ length: random.between(1, 3) }, () =>
      randomTable(random, random.pick([first, second], 1)[0]!, name(), owners),
    ),
    owners,
  }
}

export function randomTable(
  random: Random,
  schema: { name: string },
  name: string,
  owners: readonly string[],
): Table {
  const count = random.chance(0.1) ? random.between(51, 70) : random.between(1, 9)
  const columns: Column[] = [
    { name: freshName(random, []), kind: kinds.int8!, nullable: false, generated: null, dropped: false },
  ]
  for (let n = 0; n < count; n++) columns.push(randomColumn(random, columns))
  if (random.chance(0.3)) {
    const generated = random.chance(0.5) ? ('virtual' as const) : ('stored' as const)
    columns.push({ ...randomColumn(random, columns), kind: kinds.int8!, generated })
  }
  const candidates = columns.filter(column => column.kind.keyable && column.generated !== 'virtual')
  const key = random.chance(0.1)
    ? []
    : random.pick(candidates, random.between(1, Math.min(3, candidates.length)))
  for (const column of key) column.nullable = false
  return {
    schema,
    name,
    columns,
    key,
    included: null,
    owner: random.pick(owners, 1)[0]!,
    watch: null,
    dropped: false,
  }
}

export function randomColumn(random: Random, columns: readonly Column[]): Column {
  const kind = random.pick(random.chance(0.5) ? keyKinds : allKinds, 1)[0] as Kind
  return {
    name: freshName(
      random,
      columns.map(column => column.name),
    ),
    kind,
    nullable: random.chance(0.8),
    generated: null,
    dropped: false,
  }
}

export async function createTable(
  random: Random,
  schema: Schema,
  table: Table,
  writer: string,
  execute: Execute,
): Promise<void> {
  const declared = table.columns.map(column => {
    const type = typeSql(column.kind, schema.types)
    const base = quote(table.columns[0]!.name)
    const generated = column.generated ? ` generated always as (${base} * 3) ${column.generated}` : ''
    const filled =
      !column.nullable && !column.generated && column !== table.columns[0]
        ? ` default ${anyValue(random, column.kind, false)}`
        : ''
    return `${quote(column.name)} ${type}${column.nullable || column.generated ? '' : ' not null'}${filled}${generated}`
  })
  const rest = table.columns.filter(column => !table.key.includes(column) && column.generated !== 'virtual')
  if (table.key.length > 0 && rest.length > 0 && random.chance(0.3)) table.included = rest[0]!
  const include = table.included ? ` include (${quote(table.included.name)})` : ''
  const deferrable = random.chance(0.2) ? ' deferrable initially deferred' : ''
  const key =
    table.key.length > 0
      ? `, primary key (${table.key.map(column => quote(column.name)).join()})${include}${deferrable}`
      : ''
  await execute(`create table ${sqlName(table)} (${declared.join(', ')}${key})`)
  await execute(`alter table ${sqlName(table)} owner to ${table.owner}`)
  await execute(`grant all on ${sqlName(table)} to ${writer}`)
}

/** Options for a watch of the table as it is now. */
export function randomWatch(random: Random, table: Table, number: number): Watch {
  const columns = live(table)
  const some = () => inOrder(columns, random.pick(columns, random.between(1, columns.length)))
  const one = () => random.pick(columns, 1)[0]!
  const shape = random.between(0, 5)
  const chosen = random.chance(0.7)
    ? operations
    : inOrder(operations, random.pick(operations, random.between(1, 4)))
  const listed = shape === 0 ? some() : shape === 1 ? columns.filter(column => column !== columns[0]) : null
  const isRow = shape <= 3
  const watch = {
    operations: chosen as Operation[],
    type: `w${number}`,
    hasTypeSql: random.chance(0.15),
    shown: isRow ? (listed ?? columns) : null,
    fields:
      shape === 4
        ? some().map((column, i) => ({
            member: i === 0 ? column.name : `m'${i}`,
            column,
            row: random.chance(0.3) ? ('OLD' as const) : ('NEW' as const),
          }))
        : null,
    data: shape === 5 ? one() : null,
    whenChanged: listed ? listed : random.chance(0.2) ? some() : null,
    condition: random.chance(0.3) ? random.between(0, 4) : null,
    keyColumn: table.key.some(column => !column.dropped) && random.chance(0.8) ? null : one(),
    tenant: random.chance(0.3) ? one() : null,
    tableName: table.name,
    fullName: `${table.schema.name}.${table.name}`,
    known: new Map(columns.map(column => [column, column.name])),
  }
  return { ...watch, primaryKey: watch.keyColumn ? [] : table.key }
}

export function watchSql(random: Random, table: Table, watch: Watch): string {
  const names = (columns: readonly Column[]) =>
    `array[${columns.map(column => literal(column.name)).join()}]::text[]`
  const isAll = watch.shown?.length === live(table).length
  const except = live(table).filter(column => !watch.shown?.includes(column))
  const first = `NEW.${quote(table.columns[0]!.name)}`
  const options = {
    operations: `array[${watch.operations.map(literal).join()}]`,
    type: literal(`${watch.type}.{operation}`),
    type_sql: watch.hasTypeSql
      ? literal(`${literal(`${watch.type}.`)} || CASE WHEN ${first} % 2 = 0 THEN 'even' ELSE 'odd' END`)
      : null,
    possible_types: watch.hasTypeSql ? literal(`{${watch.type}.even,${watch.type}.odd}`) : null,
    columns: watch.shown && !isAll && except.length > 1 ? names(watch.shown) : null,
    except_columns: watch.shown && !isAll && except.length === 1 ? names(except) : null,
    when_changed: watch.whenChanged && (isAll || !watch.shown) ? names(watch.whenChanged) : null,
    // The second calls a function that the writer may not call.
    condition:
      watch.condition === null
        ? null
        : literal(
            random.chance(0.5)
              ? `${first} > ${watch.condition}`
              : `ext.is_above(${first}, ${watch.condition})`,
          ),
    key: watch.keyColumn ? literal(`NEW.${quote(watch.keyColumn.name)}`) : null,
    tenant: watch.tenant ? literal(`NEW.${quote(watch.tenant.name)}`) : null,
    fields: watch.fields
      ? literal(
          JSON.stringify(
            Object.fromEntries(
              watch.fields.map(({ member, column, row }) => [member, `${row}.${quote(column.name)}`]),
            ),
          ),
        )
      : null,
    data: watch.data ? literal(`json_build_array(NEW.${quote(watch.data.name)})`) : null,
  }
  const given = Object.entries(options).filter(([, value]) => value !== null)
  return `select outbox.watch(${literal(sqlName(table))}, ${given.map(([name, value]) => `${name} => ${value}`).join(', ')})`
}

function inOrder<T>(all: readonly T[], some: readonly T[]): T[] {
  return all.filter(one => some.includes(one))
}
