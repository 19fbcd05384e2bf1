// A statement as TypeScript: an interface for its parameters, one for its rows, and the function that runs it. Parameters
// and rows stay arrays on the wire; the code written here knows each place, so nothing is looked up for each row.
import { columnsOf } from './agree.ts'
import type { PostgresType } from './describe.ts'
import type { Header, Value } from './header.ts'

export interface Statement {
  /** Of the file, in snake case. */
  readonly name: string
  readonly text: string
  readonly header: Header
}

type Types = ReadonlyMap<string, PostgresType>

export function writeStatement({ name, text, header }: Statement, types: Types): string {
  const called = camel(name)
  const parts = [
    `const ${called}Statement = {\n  name: '${name}',\n  text: \`\n/* outbox: ${name} */\n${escaped(bare(text).trim())}\n\`,\n}\n`,
    parametersInterface(called, header, types),
    ...rowInterfaces(called, header, types),
    runner(called, header),
    ...rowMappings(called, header),
  ]
  return parts.filter(part => part !== '').join('\n')
}

/**
 * Remarks and indentation are for who reads the file. In a Worker's script they would be a tenth of its size. Only the name goes
 * along: it says in pg_stat_activity which statement this is.
 */
const bare = (text: string) =>
  text
    .replaceAll(/^ *--.*\n/gm, '')
    .replaceAll(/ +-- [^'\n]*$/gm, '')
    .replaceAll(/^ +/gm, '')

/** In a template literal. */
export const escaped = (text: string) => text.replace(/[\\`]|\$\{/g, '\\$&')

export const camel = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
const pascal = (name: string) => camel(`_${name}`)

// The interfaces. -----------------------------------------------------------------------------------------------------

function parametersInterface(called: string, { parameters }: Header, types: Types): string {
  if (parameters.length === 0) return ''
  return writeInterface(`${pascal(called)}Parameters`, parameters, types, parameterType)
}

function rowInterfaces(called: string, { columns, cardinality }: Header, types: Types): string[] {
  if (columns.length === 0) return []
  if (cardinality !== 'meta, then rows') {
    return [writeInterface(`${pascal(called)}Row`, columns, types, columnType)]
  }
  const meta = columns.filter(isMeta).map(value => ({ ...value, group: null }))
  return [
    writeInterface(`${pascal(called)}Meta`, meta, types, columnType),
    writeInterface(
      `${pascal(called)}Row`,
      columns.filter(value => !isMeta(value)),
      types,
      columnType,
    ),
  ]
}

type TypeOf = (value: Value, types: Types) => string

function writeInterface(name: string, values: readonly Value[], types: Types, typeOf: TypeOf): string {
  return `export interface ${name} {\n${members(values, types, typeOf, '  ')}}\n`
}

function members(values: readonly Value[], types: Types, typeOf: TypeOf, indent: string): string {
  return values
    .map((value, i) => {
      const { group } = value
      if (group === null) return member(value, typeOf(value, types), indent)
      if (values[i - 1]?.group?.name === group.name) return ''
      const inside = values
        .filter(other => other.group?.name === group.name)
        .map(other => ({ ...other, group: null }))
      const shape = `{\n${members(inside, types, typeOf, `${indent}  `)}${indent}}`
      const type = group.isList ? `readonly ${shape}[]` : shape
      return `${indent}readonly ${camel(group.name)}: ${type}\n`
    })
    .join('')
}

function member({ name, remark }: Value, type: string, indent: string): string {
  const comment = remark === '' ? '' : `${indent}/** ${sentence(remark)} */\n`
  return `${comment}${indent}readonly ${camel(name)}: ${type}\n`
}

const sentence = (remark: string) => remark[0]!.toUpperCase() + remark.slice(1)

function parameterType(value: Value, types: Types): string {
  const special: Record<string, string> = { timestamptz: 'Date', jsonb: 'string' }
  return typed(value, special[value.type] ?? columnElement(value, types))
}

function columnType(value: Value, types: Types): string {
  return typed(value, columnElement(value, types))
}

function columnElement({ type, brand }: Value, types: Types): string {
  if (brand) return brand
  const { labels } = types.get(type)!
  if (labels.length > 0) return labels.map(label => `'${label}'`).join(' | ')
  return { text: 'string', int: 'number', float8: 'number', bool: 'boolean', bigint: 'bigint' }[type]!
}

function typed({ isArray, isNullable }: Value, element: string): string {
  const type = isArray ? `readonly ${element.includes('|') ? `(${element})` : element}[]` : element
  return isNullable ? `${type} | null` : type
}

// The function. -------------------------------------------------------------------------------------------------------

function runner(called: string, { about, parameters, cardinality }: Header): string {
  const takes = parameters.length > 0 ? `run: Run, parameters: ${pascal(called)}Parameters` : 'run: Run'
  const given = parameters.length > 0 ? `[\n${parameters.map(argument).join('')}  ]` : '[]'
  const call = `await run(${called}Statement, ${given})`
  const row = `${pascal(called)}Row`
  const mapped = `to${row}`
  const { result, body } = {
    nothing: { result: 'void', body: `  ${call}\n` },
    'one row': { result: row, body: `  const [row] = ${call}\n  return ${mapped}(row!)\n` },
    'one row or none': {
      result: `${row} | undefined`,
      body: `  const [row] = ${call}\n  return row && ${mapped}(row)\n`,
    },
    rows: { result: `${row}[]`, body: `  const rows = ${call}\n  return rows.map(${mapped})\n` },
    'meta, then rows': {
      result: `{ meta: ${pascal(called)}Meta; rows: ${row}[] }`,
      body: `  const [first, ...rows] = ${call}\n  return { meta: to${pascal(called)}Meta(first!.at(-1)), rows: rows.map(${mapped}) }\n`,
    },
  }[cardinality]
  const comment = `/**\n${about
    .split('\n')
    .map(line => ` * ${line}`.trimEnd())
    .join('\n')}\n */\n`
  return `${comment}export async function ${called}(${takes}): Promise<${result}> {\n${body}}\n`
}

function argument(value: Value): string {
  const { name, group, type, isNullable } = value
  if (group) {
    const write = isPlain.has(type) ? 'plainArray' : 'textArray'
    return `    ${write}(parameters.${camel(group.name)}, one => one.${camel(name)}),\n`
  }
  const plain = `parameters.${camel(name)}`
  if (type !== 'timestamptz') return `    ${plain},\n`
  return isNullable ? `    ${plain}?.toISOString() ?? null,\n` : `    ${plain}.toISOString(),\n`
}

/** Types whose elements need no quotes in an array. */
const isPlain = new Set(['bigint', 'int', 'float8', 'bool'])

// From the arrays to the rows. ----------------------------------------------------------------------------------------

function rowMappings(called: string, { columns, cardinality }: Header): string[] {
  if (columns.length === 0) return []
  const row = `${pascal(called)}Row`
  const own = cardinality === 'meta, then rows' ? columns.filter(value => !isMeta(value)) : columns
  const mapping = `function to${row}(row: unknown[]): ${row} {\n  return {\n${columnsOf(own)
    .map((column, i) => `    ${camel(column.name)}: ${read(column, `row[${i}]`, own, row)},\n`)
    .join('')}  }\n}\n`
  if (cardinality !== 'meta, then rows') return [mapping]
  const meta = `${pascal(called)}Meta`
  return [
    `function to${meta}(json: unknown): ${meta} {\n  const meta = JSON.parse(json as string)\n  return {\n${columns
      .filter(isMeta)
      .map(value => `    ${camel(value.name)}: ${converted(value, `meta.${value.name}`, 'json')},\n`)
      .join('')}  }\n}\n`,
    mapping,
  ]
}

const isMeta = ({ group }: Value) => group?.name === 'meta' && !group.isList

function read(column: Value, place: string, all: readonly Value[], row: string): string {
  const inside = all.filter(({ group }) => group?.name === column.name)
  if (inside.length === 0) return converted(column, place, `${row}['${camel(column.name)}']`)
  const object = `({\n${inside
    .map(value => `      ${camel(value.name)}: ${converted(value, `one.${value.name}`, 'json')},\n`)
    .join('')}    })`
  const parsed = `JSON.parse(${place} as string)`
  const mapper = `(one: Json) => ${object}`
  return inside[0]!.group!.isList ? `${parsed}.map(${mapper})` : `(${mapper})(${parsed})`
}

/** `then`: the type of the value, or `json`, whose types are open. Bigints come as text, also in JSON. */
function converted({ type, brand, isNullable, isArray }: Value, place: string, then: string): string {
  if (type !== 'bigint' || brand || isArray) return then === 'json' ? place : `${place} as ${then}`
  const bigint = then === 'json' ? `BigInt(${place})` : `BigInt(${place} as string)`
  return isNullable ? `${place} === null ? null : ${bigint}` : bigint
}
