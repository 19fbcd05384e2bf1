// The header of a hand-written statement: what it is for, its parameters, and what it returns. It says what Postgres does
// not know: names of parameters, what may be null, which ids are whose.
//
//   -- Gives back deliveries that were claimed but never sent.
//   --
//   -- $1 deliveries[].endpoint_id  bigint as EndpointId
//   -- $2 tenant                    text?                 null = every tenant
//   --
//   -- Returns rows.
//   -- -> released     int
//   -- -> meta.scan_to bigint?
//
// `?` = may be null. `as` = `string`, or a type of delivery/types.ts. A parameter `list[].field` is one array of several that run in
// parallel; callers hand in objects. A column `group.field` or `list[].field` is a member of JSON text.

/** How many rows come back. `meta, then rows`: the first row carries only the column `meta`. */
export type Cardinality = 'nothing' | 'one row' | 'one row or none' | 'rows' | 'meta, then rows'

export interface Value {
  /** In snake case. */
  readonly name: string
  /** `settlements[].lease` belongs to the list `settlements`, `meta.fanned` to the object `meta`. */
  readonly group: { readonly name: string; readonly isList: boolean } | null
  /** As Postgres spells it, without `[]`. */
  readonly type: string
  readonly isArray: boolean
  readonly isNullable: boolean
  readonly brand: string | null
  readonly remark: string
}

export interface Header {
  readonly about: string
  /** In the order of their numbers. */
  readonly parameters: readonly Value[]
  readonly cardinality: Cardinality
  readonly columns: readonly Value[]
}

export class HeaderError extends Error {}

const value =
  /^(?:(?<group>\w+)(?<list>\[\])?\.)?(?<name>\w+) +(?<type>[\w.]+)(?<array>\[\])?(?<nullable>\?)?(?: as (?<brand>\w+))?(?: {2,}(?<remark>.*))?$/

export function parseHeader(sql: string): Header {
  const lines = /^(--.*\n)*/
    .exec(sql)![0]
    .split('\n')
    .map(line => line.replace(/^-- ?/, '').trimEnd())
  const parameters = lines.filter(line => line.startsWith('$')).map(parseParameter)
  const columns = lines.filter(line => line.startsWith('-> ')).map(line => parseValue(line.slice(3)))
  const firstOther = lines.findIndex(line => /^(\$|-> |Returns )/.test(line))
  const about = lines.slice(0, firstOther < 0 ? undefined : firstOther)
  return { about: about.join('\n').trim(), parameters, cardinality: parseCardinality(lines), columns }
}

function parseParameter(line: string, index: number): Value {
  const number = `$${index + 1} `
  if (!line.startsWith(number)) throw new HeaderError(`expected ${number}next, found: ${line}`)
  const parsed = parseValue(line.slice(number.length).trimStart())
  if (parsed.group && !parsed.group.isList) {
    throw new HeaderError(`a parameter belongs to a list (name[].field) or to nothing: ${line}`)
  }
  return parsed
}

function parseValue(text: string): Value {
  const found = value.exec(text)?.groups
  if (!found) throw new HeaderError(`expected "name type[?] [as Brand]  remark", found: ${text}`)
  return {
    name: found.name!,
    group: found.group === undefined ? null : { name: found.group, isList: found.list !== undefined },
    type: found.type!,
    isArray: found.array !== undefined,
    isNullable: found.nullable !== undefined,
    brand: found.brand ?? null,
    remark: found.remark ?? '',
  }
}

function parseCardinality(lines: readonly string[]): Cardinality {
  const [found, ...more] = lines.flatMap(
    line => /^Returns (nothing|one row or none|one row|rows|meta, then rows)\b/.exec(line)?.[1] ?? [],
  )
  if (found === undefined || more.length > 0) {
    throw new HeaderError(
      'expected one line "Returns nothing | one row | one row or none | rows | meta, then rows"',
    )
  }
  return found as Cardinality
}
