// The operators of PromQL between numbers and vectors.
import type { Labels, Sample } from './series.ts'

export type Value = number | Sample[]
/** Samples with the same key match. */
export type KeyOf = (sample: Sample) => string

export const withoutName = ({ __name__, ...labels }: Labels): Labels => labels

export function combine(operator: string, left: Sample[], right: Sample[], keyOf: KeyOf): Sample[] {
  const [leftKeys, rightKeys] = [new Set(left.map(keyOf)), new Set(right.map(keyOf))]
  if (operator === 'and') return left.filter(sample => rightKeys.has(keyOf(sample)))
  if (operator === 'unless') return left.filter(sample => !rightKeys.has(keyOf(sample)))
  return [...left, ...right.filter(sample => !leftKeys.has(keyOf(sample)))]
}

const arithmetic: Record<string, (a: number, b: number) => number> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
}
const comparison: Record<string, (a: number, b: number) => boolean> = {
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
}

/** A comparison keeps the left side where it holds. */
export function calculate(operator: string, left: Value, right: Value, keyOf: KeyOf): Value {
  const compute = arithmetic[operator]
  const compare = comparison[operator]
  if (!compute && !compare) throw new Error(`this reader does not know the operator ${operator}`)
  if (typeof left === 'number' && typeof right === 'number') {
    if (!compute) throw new Error('two numbers are compared only with bool')
    return compute(left, right)
  }
  return pairs(left, right, keyOf).flatMap(({ labels, a, b }) => {
    if (compute) return { labels: withoutName(labels), value: compute(a, b) }
    return compare!(a, b) ? { labels, value: typeof left === 'number' ? b : a } : []
  })
}

function pairs(left: Value, right: Value, keyOf: KeyOf): { labels: Labels; a: number; b: number }[] {
  if (typeof left === 'number')
    return (right as Sample[]).map(({ labels, value }) => ({ labels, a: left, b: value }))
  if (typeof right === 'number') return left.map(({ labels, value }) => ({ labels, a: value, b: right }))
  const byKey = new Map(right.map(sample => [keyOf(sample), sample.value]))
  if (byKey.size !== right.length) throw new Error('several series on the right match the same on the left')
  return left.flatMap(sample => {
    const b = byKey.get(keyOf(sample))
    return b === undefined ? [] : { labels: sample.labels, a: sample.value, b }
  })
}
