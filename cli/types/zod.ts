// The event types as zod schemas, for zod 3 and 4. Unknown fields pass and are left out, because fields may be added.
import type { EventShape } from './event-shapes.ts'
import type { Field, Literal, Shape } from './shape.ts'
import { comment, propertyName, quoted } from './text.ts'

// In pieces, because it is not this file that imports it.
const importZod = `import { z } from ${quoted('zod')}`

const head = `/* eslint-disable */
// Written by \`outbox types --zod\`. Write it again when tables, or what is watched of them, have changed.
${importZod}

/** The data of each event type. */
export const eventData = {
`

export function printZod(events: readonly EventShape[]): string {
  const data = events.map(
    ({ type, data, source }) => `${comment(source, '  ')}  ${quoted(type)}: ${print(data, '  ')},\n`,
  )
  const members = events.map(
    ({ type }) =>
      `  z.object({ type: z.literal(${quoted(type)}), timestamp: z.string(), data: eventData[${quoted(type)}] }),\n`,
  )
  return `${head}${data.join('')}}

/** A webhook's body. An event type that is made later is not in it: use safeParse() and let such events pass. */
export const events = z.discriminatedUnion('type', [
${members.join('')}])

export type Events = z.infer<typeof events>
`
}

function print(shape: Shape, indent: string): string {
  switch (shape.kind) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'null':
      return `z.${shape.kind}()`
    // Not int(): zod 4 refuses integers above 2^53, which a bigint may be.
    case 'integer':
      return 'z.number()'
    case 'anything':
      return 'z.unknown()'
    case 'nothing':
      return 'z.never()'
    case 'literals':
      return printLiterals(shape.values)
    case 'union':
      return unionOf(shape.of.map(one => print(one, indent)))
    case 'array':
      return `z.array(${print(shape.items, indent)})`
    case 'object':
      return printObject(shape.fields, indent)
  }
}

function printLiterals(values: readonly Literal[]): string {
  const texts = values.filter(value => typeof value === 'string')
  const others = values.filter(value => typeof value !== 'string')
  const all = texts.length > 0 ? [`z.enum([${texts.map(quoted).join(', ')}])`] : []
  return unionOf([...all, ...others.map(value => (value === null ? 'z.null()' : `z.literal(${value})`))])
}

function unionOf(members: readonly string[]): string {
  const others = [...new Set(members)].filter(member => member !== 'z.null()')
  const whole = others.length > 1 ? `z.union([${others.join(', ')}])` : (others[0] ?? 'z.null()')
  return others.length > 0 && members.includes('z.null()') ? `${whole}.nullable()` : whole
}

function printObject(fields: readonly Field[], indent: string): string {
  if (fields.length === 0) return 'z.object({})'
  const inner = `${indent}  `
  const lines = fields.map(
    ({ name, shape, note }) => `${comment(note, inner)}${inner}${key(name)}: ${print(shape, inner)},\n`,
  )
  return `z.object({\n${lines.join('')}${indent}})`
}

/** Without the brackets this one name would set the prototype. */
const key = (name: string) => (name === '__proto__' ? `['__proto__']` : propertyName(name))
