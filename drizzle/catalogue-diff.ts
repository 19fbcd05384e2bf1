// Promises of published payloads that the database no longer keeps. More types, fields or labels of an enum break no receiver;
// a field that is gone or has another type does.
import type { EventType } from './catalogue.ts'
import type { Schema } from './json-schema.ts'

type Published = Pick<EventType, 'type' | 'schema'>

/** One sentence for each broken promise; empty when all are kept. */
export function brokenPromises(published: readonly Published[], now: readonly Published[]): string[] {
  return published.flatMap(({ type, schema }) => {
    const today = now.find(other => other.type === type)
    return today ? compare(type, schema, today.schema) : [`${type} can no longer be produced`]
  })
}

/** Types that are not published yet, and those whose schema has grown since. */
export function unpublished(published: readonly Published[], now: readonly Published[]): string[] {
  return now
    .filter(({ type, schema }) => text(published.find(other => other.type === type)?.schema) !== text(schema))
    .map(({ type }) => type)
}

function compare(path: string, published: Schema, now: Schema): string[] {
  if ('not' in now) return [`${path} can no longer be read: its column is gone, or is called otherwise`]
  const fields = Object.entries((published.properties ?? {}) as Record<string, Schema>).flatMap(
    ([name, field]) => {
      const today = ((now.properties ?? {}) as Record<string, Schema>)[name]
      return today ? compare(`${path}: ${name}`, field, today) : [`${path}: ${name} is gone`]
    },
  )
  if (fields.length > 0) return fields
  if (published.items && now.items)
    return compare(`${path}[]`, published.items as Schema, now.items as Schema)
  const labels = ((published.enum ?? []) as unknown[]).filter(
    label => !((now.enum ?? []) as unknown[]).includes(label),
  )
  if (published.enum && now.enum) return labels.map(label => `${path} can no longer be ${text(label)}`)
  const [before, after] = [kindOf(published), kindOf(now)]
  return before === after ? [] : [`${path} was ${before} and is ${after}`]
}

/** Everything that says what a single value may be. */
function kindOf({ properties, required, description, items, enum: labels, ...kind }: Schema): string {
  return text(labels ? { ...kind, enum: labels } : kind)
}

const text = (value: unknown) => JSON.stringify(value) ?? 'nothing'
