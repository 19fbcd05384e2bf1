// Requests generated from a route's own schema: mostly valid, often at the limits, sometimes invalid.
import fc from 'fast-check'
import type { Operation, Schema } from '../../functions/openapi/description.ts'
import { anyText } from '../support/any-text.ts'
import type { Route } from './routes.ts'

export interface Request {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string | undefined
}

/** Values that have broken other programs: SQL, templates, paths, prototypes, odd Unicode and numbers, deep nesting. */
const nasty = fc.constantFrom<unknown>(
  ...[
    `'; drop table orders; --`,
    `" or ""="`,
    '$' + '{7*7}',
    '{{7*7}}',
    '../../etc/passwd',
    '%00',
    '\0',
    '\ud800',
    '\u202e',
  ],
  ...[
    '',
    ' ',
    'null',
    'undefined',
    'NaN',
    '__proto__',
    'x'.repeat(3000),
    '9'.repeat(40),
    '1e400',
    '-0',
    '\r\nx: y',
  ],
  ...[null, true, -1, 0, 1.5, 2 ** 53, 1e308, -1e-300, [], {}, [[]], { constructor: 1 }],
  ...[
    'http://169.254.169.254/',
    'http://[::1]:5432/',
    'javascript:alert(1)',
    'https://a@b:c@d/',
    'https://xn--/',
  ],
  ...[
    'evt_00000000000004d2a1b2c3d4',
    'ep_0000000000000001a1b2c3d4',
    '2026-02-30T00:00:00Z',
    '9999-12-31T23:59:59Z',
  ],
)

/** `ids` exist: unknown ids alone would not test a route. */
export function requestFor(
  { method, path, operation }: Route,
  ids: readonly string[],
): fc.Arbitrary<Request> {
  const parameters = operation.parameters ?? []
  const inPath = parameters
    .filter(parameter => parameter.in === 'path')
    .map(parameter =>
      ids.length > 0 ? { ...parameter, schema: { ...parameter.schema, enum: ids } } : parameter,
    )
  const inQuery = parameters.filter(parameter => parameter.in === 'query')
  return fc.record({
    method: fc.constant(method),
    path: fc
      .tuple(
        values(inPath, []),
        values(
          inQuery,
          inQuery.map(parameter => parameter.name),
        ),
        extraFields,
      )
      .map(([inside, query, extra]) => pathOf(path, inside, { ...query, ...extra })),
    headers: fc.oneof(
      { weight: 8, arbitrary: fc.constant({}) },
      { weight: 2, arbitrary: fc.uuid().map(key => ({ 'idempotency-key': key })) },
      {
        weight: 1,
        arbitrary: fc.constantFrom({ 'idempotency-key': 'same' }, { 'content-type': 'text/plain' }),
      },
    ),
    body: method === 'GET' ? fc.constant(undefined) : bodyOf(operation),
  })
}

type Named = { name: string; schema: Schema; required?: boolean }

function values(parameters: readonly Named[], optional: string[]): fc.Arbitrary<Record<string, unknown>> {
  const model = Object.fromEntries(
    parameters.map(({ name, schema }) => [name, sometimesNasty(valueFor(schema))]),
  )
  return fc.record(model, { requiredKeys: Object.keys(model).filter(name => !optional.includes(name)) })
}

/** Mostly nothing; sometimes an unknown field. */
const extraFields: fc.Arbitrary<Record<string, unknown>> = fc.oneof(
  { weight: 9, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.dictionary(fc.string({ minLength: 1 }), nasty, { maxKeys: 2 }) },
)

const sometimesNasty = (good: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 6, arbitrary: good }, { weight: 1, arbitrary: nasty })

function bodyOf({ requestBody }: Operation): fc.Arbitrary<string | undefined> {
  const schema = Object.values(requestBody?.content ?? {})[0]?.schema
  const good = schema ? sometimesNasty(valueFor(schema)) : nasty
  return fc.oneof(
    { weight: 12, arbitrary: good.map(value => JSON.stringify(value)) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: anyText },
    {
      weight: 1,
      arbitrary: fc.constantFrom(undefined, '', '{', '['.repeat(5000), '{"a":1}{"b":2}', '1e999999'),
    },
  )
}

let components: Readonly<Record<string, Schema>> = {}
export function useComponents(schemas: Readonly<Record<string, Schema>>): void {
  components = schemas
}

function valueFor(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.$ref) return valueFor(components[schema.$ref.split('/').at(-1)!]!)
  if (schema.example !== undefined) return fc.oneof(fc.constant(schema.example), byType(schema))
  return byType(schema)
}

function byType(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum)
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return fc.oneof(...choices.map(valueFor))
  return fc.oneof(...[schema.type ?? 'string'].flat().map(type => ofType(type, schema)))
}

function ofType(type: string, schema: Schema): fc.Arbitrary<unknown> {
  const {
    minimum,
    exclusiveMinimum,
    maximum = 2 ** 40,
    maxLength = 100,
    items = {},
    properties = {},
  } = schema
  const lowest = minimum ?? exclusiveMinimum ?? -10
  switch (type) {
    case 'null':
      return fc.constant(null)
    case 'boolean':
      return fc.boolean()
    case 'integer':
      return fc.oneof(fc.integer({ min: 1, max: 3 }), fc.constantFrom(lowest, maximum, maximum + 1))
    case 'number':
      return fc.oneof(fc.double({ min: lowest, max: maximum, noNaN: true }), fc.constantFrom(lowest, maximum))
    case 'array':
      return fc.array(valueFor(items), { maxLength: Math.min(schema.maxItems ?? 5, 5) })
    case 'object':
      return objectOf(properties, schema)
    default:
      return text(schema, maxLength)
  }
}

function objectOf(properties: Readonly<Record<string, Schema>>, schema: Schema): fc.Arbitrary<unknown> {
  const requiredKeys = [...(schema.required ?? [])]
  const clean = Object.entries(properties).map(([name, member]) => [name, valueFor(member)] as const)
  const mixed = clean.map(([name, value]) => [name, sometimesNasty(value)] as const)
  const known = fc.oneof(
    ...[clean, mixed].map(model => fc.record(Object.fromEntries(model), { requiredKeys })),
  )
  const others =
    typeof schema.additionalProperties === 'object'
      ? fc.dictionary(fc.string(), valueFor(schema.additionalProperties), { maxKeys: 3 })
      : extraFields
  return fc.tuple(known, others).map(([object, more]) => ({ ...object, ...more }))
}

function text({ format, pattern }: Schema, maxLength: number): fc.Arbitrary<string> {
  if (format === 'date-time') return fc.date({ noInvalidDate: true }).map(date => date.toISOString())
  if (pattern === '^https?:\\/\\/') return fc.webUrl()
  if (pattern) return fc.stringMatching(new RegExp(pattern))
  return fc.string({ unit: 'grapheme', maxLength })
}

function pathOf(template: string, inside: Record<string, unknown>, query: Record<string, unknown>): string {
  const path = template.replaceAll(/\{(.*?)\}/g, (_, name: string) => encode(inside[name]) || '0')
  const search = Object.entries(query).map(([name, value]) => `${encode(name)}=${encode(value)}`)
  return search.length > 0 ? `${path}?${search.join('&')}` : path
}

/** Half of a surrogate pair can't be sent at all. */
const encode = (value: unknown) =>
  encodeURIComponent((typeof value === 'string' ? value : JSON.stringify(value)).toWellFormed())
