// What a JSON Schema of the catalogue (drizzle/json-schema.ts) allows, as the printers read it.

export type Shape =
  | { readonly kind: 'string' | 'number' | 'integer' | 'boolean' | 'null' }
  | { readonly kind: 'literals'; readonly values: readonly Literal[] }
  | { readonly kind: 'array'; readonly items: Shape }
  | { readonly kind: 'object'; readonly fields: readonly Field[] }
  | { readonly kind: 'union'; readonly of: readonly Shape[] }
  /** JSON columns, and types that the catalogue does not know. */
  | { readonly kind: 'anything' }
  /** A column that is gone. */
  | { readonly kind: 'nothing' }

export type Literal = string | number | boolean | null

export interface Field {
  readonly name: string
  readonly shape: Shape
  /** What the shape does not say; empty if nothing. */
  readonly note: string
}

interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly format?: string
  readonly pattern?: string
  readonly description?: string
  readonly const?: Literal
  readonly enum?: readonly Literal[]
  readonly anyOf?: readonly JsonSchema[]
  readonly items?: JsonSchema
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly not?: unknown
}

export function shapeOf(schema: JsonSchema): Shape {
  if (schema.not) return { kind: 'nothing' }
  if (schema.const !== undefined) return { kind: 'literals', values: [schema.const] }
  if (schema.enum) return { kind: 'literals', values: schema.enum }
  if (schema.anyOf) return union(schema.anyOf.map(shapeOf))
  return union([schema.type ?? []].flat().map(type => shapeOfType(type, schema)))
}

function shapeOfType(type: string, { items, properties }: JsonSchema): Shape {
  switch (type) {
    case 'string':
    case 'number':
    case 'integer':
    case 'boolean':
    case 'null':
      return { kind: type }
    case 'array':
      return { kind: 'array', items: shapeOf(items ?? {}) }
    case 'object':
      return { kind: 'object', fields: Object.entries(properties ?? {}).map(fieldOf) }
    default:
      return { kind: 'anything' }
  }
}

function fieldOf([name, schema]: [string, JsonSchema]): Field {
  return { name, shape: shapeOf(schema), note: noteOn(schema) }
}

function noteOn({ description, format, pattern, items }: JsonSchema): string {
  if (description) return description
  if (format === 'int64') return 'bigint: JSON.parse() rounds what is above 2^53'
  return format ?? pattern ?? (items ? noteOn(items) : '')
}

/** Of nothing: anything, because a schema without a type allows all. */
export function union(shapes: readonly Shape[]): Shape {
  if (shapes.length === 0) return { kind: 'anything' }
  if (shapes.length === 1) return shapes[0]!
  return { kind: 'union', of: shapes.flatMap(shape => (shape.kind === 'union' ? shape.of : [shape])) }
}
