// The event types as TypeScript: one interface with a member for each, so that no two names can clash.
import type { EventShape } from './event-shapes.ts'
import type { Field, Shape } from './shape.ts'
import { comment, literal, propertyName, quoted } from './text.ts'

const head = `/* eslint-disable */
// Written by \`outbox types\`. Write it again when tables, or what is watched of them, have changed.

/** The data of each event type. Fields may be added at any time; those that are here stay. */
export interface EventData {
`

const foot = `}

/** One event type: \`EventOf<'order.shipped'>\`. */
export interface EventOf<Type extends keyof EventData> {
  readonly type: Type
  /** When it happened: ISO 8601, UTC. */
  readonly timestamp: string
  readonly data: EventData[Type]
}

/** Any of them: \`verify<Events>()\` gives it, and comparing its \`type\` narrows its \`data\`. */
export type Events = { [Type in keyof EventData]: EventOf<Type> }[keyof EventData]
`

export function printTypes(events: readonly EventShape[]): string {
  const members = events.map(
    ({ type, data, source }) => `${comment(source, '  ')}  readonly ${quoted(type)}: ${print(data, '  ')}\n`,
  )
  return head + members.join('') + foot
}

function print(shape: Shape, indent: string): string {
  switch (shape.kind) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'null':
      return shape.kind
    case 'integer':
      return 'number'
    case 'anything':
      return 'unknown'
    case 'nothing':
      return 'never'
    case 'literals':
      return shape.values.map(literal).join(' | ')
    case 'union':
      return [...new Set(shape.of.map(one => print(one, indent)))].join(' | ')
    case 'array':
      return `readonly ${inParentheses(print(shape.items, indent), shape.items)}[]`
    case 'object':
      return printObject(shape.fields, indent)
  }
}

function inParentheses(text: string, { kind }: Shape): string {
  return kind === 'union' || kind === 'literals' || kind === 'array' ? `(${text})` : text
}

function printObject(fields: readonly Field[], indent: string): string {
  if (fields.length === 0) return 'Record<string, never>'
  const inner = `${indent}  `
  const lines = fields.map(
    ({ name, shape, note }) =>
      `${comment(note, inner)}${inner}readonly ${propertyName(name)}: ${print(shape, inner)}\n`,
  )
  return `{\n${lines.join('')}${indent}}`
}
