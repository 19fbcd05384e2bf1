// A Postgres type as JSON Schema, and an example of how to_json() writes it in an event.

export type Schema = { readonly [name: string]: unknown }

/** A field of an event's data. `type` is null if its column is gone, so that it can no longer be read. */
export interface Field {
  readonly name: string
  readonly type: string | null
  readonly nullable: boolean
  readonly array: boolean
  /** An enum's labels. */
  readonly values: readonly string[] | null
}

const string = { type: 'string' }
const integer = { type: 'integer' }
/** JSON has no numbers for these, so Postgres writes them as text. */
const number = { anyOf: [{ type: 'number' }, { enum: ['NaN', 'Infinity', '-Infinity'] }] }
const format = (name: string) => ({ type: 'string', format: name })
/** `infinity` is a timestamp too, so a format would promise too much. */
const moment = { type: 'string', description: 'ISO 8601, infinity or -infinity' }

const known: ReadonlyMap<string, readonly [Schema, unknown]> = new Map<string, readonly [Schema, unknown]>([
  ['smallint', [integer, 1]],
  ['integer', [integer, 1]],
  ['bigint', [{ ...integer, format: 'int64' }, 1]],
  ['numeric', [number, 1.5]],
  ['real', [number, 1.5]],
  ['double precision', [number, 1.5]],
  ['boolean', [{ type: 'boolean' }, true]],
  ['uuid', [format('uuid'), '0b6e5a3c-7d1f-4c55-9f3e-2f1d8a9b7c60']],
  ['date', [moment, '2026-10-01']],
  ['timestamp with time zone', [moment, '2026-10-01T12:00:00+00:00']],
  ['timestamp without time zone', [moment, '2026-10-01T12:00:00']],
  ['interval', [format('duration'), 'P1DT2H']],
  ['bytea', [{ type: 'string', pattern: '^\\\\x([0-9a-f]{2})*$' }, '\\xcafe']],
  ['json', [{}, {}]],
  ['jsonb', [{}, {}]],
  ...[
    'text',
    'character varying',
    'character',
    'name',
    'inet',
    'cidr',
    'macaddr',
    'xml',
    'money',
    'point',
  ].map(type => [type, [string, 'text']] as const),
])

/** Composite types become objects, ranges text: a type that is not known here may be anything. */
const anything = [{}, null] as const

export function fieldSchema({ type, nullable, array, values }: Field): Schema {
  if (type === null) return { not: {}, description: 'can no longer be read: call outbox.watch() again' }
  const element: Schema = values ? { enum: values } : (known.get(elementType(type)) ?? anything)[0]
  const schema = array ? { type: 'array', items: orNull(element) } : element
  return nullable ? orNull(schema) : schema
}

export function fieldExample({ type, array, values }: Field): unknown {
  if (type === null) return null
  const element = values ? values[0] : (known.get(elementType(type)) ?? anything)[1]
  return array ? [element] : element
}

/** Every property is always there. */
export function objectOf(properties: Record<string, Schema>): Schema {
  return { type: 'object', required: Object.keys(properties), properties }
}

export function orNull(schema: Schema): Schema {
  if (Object.keys(schema).length === 0) return schema
  if (typeof schema.type === 'string') return { ...schema, type: [schema.type, 'null'] }
  if (Array.isArray(schema.enum)) return { ...schema, enum: [...schema.enum, null] }
  return { anyOf: [schema, { type: 'null' }] }
}

const elementType = (type: string) => type.replace(/(\[\])+$/, '')
