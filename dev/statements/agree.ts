// Do a statement's header and Postgres say the same? One sentence for each difference.
import type { Description, PostgresType } from './describe.ts'
import type { Header, Value } from './header.ts'

/** What the drivers of both runtimes give and take alike. Others are cast in the statement: `…::text`. */
const parameterTypes = ['text', 'int', 'bigint', 'float8', 'bool', 'timestamptz', 'jsonb']
const columnTypes = ['text', 'int', 'bigint', 'float8', 'bool']

export function disagreements(
  { parameters, columns, cardinality }: Header,
  described: Description,
  types: ReadonlyMap<string, PostgresType>,
): string[] {
  const unusable = [
    ...parameters.filter(value => !isUsable(value, parameterTypes, types)),
    ...columns.filter(value => !isUsable(value, columnTypes, types)),
  ].map(({ name, type }) => `${name}: ${type} is no type that can be handed over`)
  if (unusable.length > 0) return unusable
  const oidOf = ({ type, isArray, group }: Value) => {
    const known = types.get(type)!
    return isArray || group?.isList ? known.arrayOid : known.oid
  }
  const spelled = (oid: number | undefined) => {
    const [name, type] =
      [...types].find(([, { oid: one, arrayOid }]) => one === oid || arrayOid === oid) ?? []
    return name === undefined ? `type ${oid}` : `${name}${type?.arrayOid === oid ? '[]' : ''}`
  }
  const expected = columnsOf(columns)
  const found = described.columns.map(({ name }) => name)
  const wrong = [
    ...(parameters.length === described.parameters.length
      ? []
      : [`the header has ${parameters.length} parameters, the statement ${described.parameters.length}`]),
    ...parameters.flatMap((value, i) =>
      described.parameters[i] === undefined || described.parameters[i] === oidOf(value)
        ? []
        : [`$${i + 1} ${value.name} is ${spelled(described.parameters[i])} to Postgres`],
    ),
    ...(expected.map(({ name }) => name).join() === found.join()
      ? []
      : [
          `the header has the columns ${expected.map(({ name }) => name).join()}, the statement ${found.join()}`,
        ]),
    ...expected.flatMap((value, i) =>
      described.columns[i]?.name !== value.name || described.columns[i].type === oidOf(value)
        ? []
        : [`-> ${value.name} is ${spelled(described.columns[i].type)} to Postgres`],
    ),
  ]
  if ((cardinality === 'nothing') !== (columns.length === 0)) {
    wrong.push(`the header returns ${cardinality} and ${columns.length} columns`)
  }
  return wrong
}

/** The columns themselves: members of JSON are one column of text. */
export function columnsOf(values: readonly Value[]): Value[] {
  const json = (name: string): Value => ({
    name,
    group: null,
    type: 'text',
    isArray: false,
    isNullable: false,
    brand: null,
    remark: '',
  })
  return values.flatMap((value, i) => {
    if (value.group === null) return [value]
    return values[i - 1]?.group?.name === value.group.name ? [] : [json(value.group.name)]
  })
}

function isUsable({ type }: Value, usable: readonly string[], types: ReadonlyMap<string, PostgresType>) {
  return types.has(type) && (usable.includes(type) || types.get(type)!.labels.length > 0)
}
