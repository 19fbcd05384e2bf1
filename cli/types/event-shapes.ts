// The event types of a catalogue, each once, with what its data may be.
import type { EventType } from '../../drizzle/catalogue.ts'
import { type Shape, shapeOf, union } from './shape.ts'

export type CatalogueEntry = Pick<EventType, 'type' | 'table' | 'operations' | 'schema'>

export interface EventShape {
  readonly type: string
  readonly data: Shape
  /** Where it comes from, for people. */
  readonly source: string
}

/** In the order of the types, so that the same catalogue always gives the same text. */
export function eventShapes(catalogue: readonly CatalogueEntry[]): EventShape[] {
  const types = [...new Set(catalogue.map(({ type }) => type))].sort()
  return types.map(type => {
    const entries = catalogue.filter(entry => entry.type === type)
    const schemas = new Set(entries.map(({ schema }) => JSON.stringify(schema)))
    return {
      type,
      // Several tables may make the same type.
      data: union([...schemas].map(schema => shapeOf(JSON.parse(schema)))),
      source: entries.map(sourceOf).join('; '),
    }
  })
}

function sourceOf({ table, operations }: CatalogueEntry): string {
  return table === null ? 'the outbox itself' : `${table}: ${operations.join(', ')}`
}
