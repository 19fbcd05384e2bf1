// What writers do to a generated table: insert, update, delete, truncate, with values that are often the same.
import type { Random } from '../../../dev/random.ts'
import { live, sqlName, type Table } from './model.ts'
import { literal, quote } from './names.ts'
import { anyValue } from './types.ts'

/** One statement of a writer. `rowNumbers` remembers the last row of each table. */
export function anyWrite(random: Random, table: Table, rowNumbers: Map<Table, number>): string {
  const [number] = table.columns
  const columns = live(table).filter(column => column !== number && !column.generated)
  const value = (column: (typeof columns)[number], row: number) => {
    const isInKey = table.key.includes(column) && random.chance(0.9)
    if (isInKey && /^(int[48]|numeric)$/.test(String(column.kind.sql))) return String(row)
    if (isInKey && column.kind.sql === 'text')
      return literal(`${random.pick(column.kind.values, 1)[0]}${row}`)
    return anyValue(random, column.kind, column.nullable && !table.key.includes(column))
  }
  const some = () => `${quote(number!.name)} % ${random.between(1, 3)} = 0`
  const draw = random.between(1, 20)
  if (draw === 1) return `truncate ${sqlName(table)}`
  if (draw <= 3) return `delete from ${sqlName(table)} where ${some()}`
  if (draw <= 5 && columns.length > 0) {
    const column = random.pick(columns, 1)[0]!
    return `update ${sqlName(table)} set ${quote(column.name)} = ${quote(column.name)}`
  }
  if (draw <= 12 && columns.length > 0) {
    const set = random.pick(columns, random.between(1, Math.min(2, columns.length)))
    const row = random.between(1, 20)
    return `update ${sqlName(table)} set ${set.map(column => `${quote(column.name)} = ${value(column, row)}`).join()} where ${some()}`
  }
  const rows = Array.from({ length: random.between(1, 2) }, () => {
    const row = (rowNumbers.get(table) ?? 0) + 1
    rowNumbers.set(table, row)
    return `(${[String(row), ...columns.map(column => value(column, row))].join()})`
  })
  return `insert into ${sqlName(table)} (${[number!, ...columns].map(column => quote(column.name)).join()}) values ${rows.join()}`
}
