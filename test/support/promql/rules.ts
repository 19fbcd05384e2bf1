// Rules over time: what they record at each evaluation, and which alerts have held for long enough to fire.
import { evaluate, type World } from './evaluate.ts'
import { type Labels, parseDuration, type Sample } from './series.ts'

export interface Rule {
  readonly record?: string
  readonly alert?: string
  readonly expr: string
  readonly for?: string
  readonly labels?: Labels
  readonly annotations?: Labels
}

export interface Firing {
  readonly alert: string
  readonly labels: Labels
  /** With the labels filled in. */
  readonly annotations: Labels
}

/** All rules in their order, at each interval from 0 to `until`; returns what fires at the end. */
export function firingAt(rules: readonly Rule[], world: World, until: number): Firing[] {
  const { intervalSeconds } = world
  const recorded: Recorded = new Map()
  const since = new Map<string, number>()
  let firing: Firing[] = []
  for (let step = 0; step * intervalSeconds <= until; step++) {
    const at = step * intervalSeconds
    const seen = new Set<string>()
    firing = []
    for (const rule of rules) {
      const all = { intervalSeconds, series: [...world.series, ...recorded.values()] }
      const samples = evaluate(rule.expr, all, at)
      if (typeof samples === 'number') throw new Error(`a rule needs a vector: ${rule.expr}`)
      if (rule.record !== undefined) record(recorded, rule.record, samples, step)
      else firing.push(...heldLongEnough(rule, samples, { at, since, seen }))
    }
    for (const key of since.keys()) if (!seen.has(key)) since.delete(key)
  }
  return firing
}

/** Series that grow as rules record them. */
type Recorded = Map<string, { readonly labels: Labels; readonly values: (number | null)[] }>

function record(recorded: Recorded, name: string, samples: readonly Sample[], step: number): void {
  for (const { labels, value } of samples) {
    const all = { ...labels, __name__: name }
    const key = JSON.stringify(Object.entries(all).sort())
    const series = recorded.get(key) ?? { labels: all, values: [] as (number | null)[] }
    recorded.set(key, series)
    while (series.values.length < step) series.values.push(null)
    series.values.push(value)
  }
}

interface Held {
  readonly at: number
  /** When each alert began to hold. */
  readonly since: Map<string, number>
  readonly seen: Set<string>
}

function heldLongEnough(rule: Rule, samples: readonly Sample[], { at, since, seen }: Held): Firing[] {
  return samples.flatMap(sample => {
    const { __name__, ...labels } = { ...sample.labels, ...rule.labels }
    const key = JSON.stringify([rule.alert, rule.expr, Object.entries(labels).sort()])
    seen.add(key)
    const begun = since.get(key) ?? at
    since.set(key, begun)
    return at - begun >= parseDuration(rule.for ?? '0s')
      ? { alert: rule.alert!, labels, annotations: annotationsFor(rule, labels) }
      : []
  })
}

function annotationsFor({ annotations = {} }: Rule, labels: Labels): Labels {
  const filled = (text: string) =>
    text.replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, label) => labels[label] ?? '')
  return Object.fromEntries(Object.entries(annotations).map(([name, text]) => [name, filled(text)]))
}
