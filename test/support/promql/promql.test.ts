// The reader of PromQL computes as Prometheus does, and refuses what it does not know.
import { describe, expect, test } from 'vitest'
import { evaluate, metricsIn } from './evaluate.ts'
import { firingAt } from './rules.ts'
import { parseDuration, parseSeries } from './series.ts'

const at = (expression: string, minutes: number, ...series: [string, string][]) =>
  evaluate(
    expression,
    { series: series.map(([name, values]) => parseSeries(name, values)), intervalSeconds: 60 },
    minutes * 60,
  )
const value = (expression: string, minutes: number, ...series: [string, string][]) => {
  const samples = at(expression, minutes, ...series)
  if (typeof samples === 'number') return samples
  expect(samples).toHaveLength(1)
  return samples[0]!.value
}

test.each([
  ['1 2 3', [1, 2, 3]],
  ['0+5x3', [0, 5, 10, 15]],
  ['9-2x2', [9, 7, 5]],
  ['4x2', [4, 4, 4]],
  ['_x2 1 _', [null, null, 1, null]],
])('the values %s', (text, values) => {
  expect(parseSeries('a', text).values).toEqual(values)
})

test.each([
  ['1h30m', 5400],
  ['2d', 172_800],
  ['500ms', 0.5],
])('the duration %s', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds)
})

describe('functions over a range', () => {
  test('a counter that rises evenly has that rate, at the edges of the range too', () => {
    expect(value('rate(a[5m])', 10, ['a', '0+60x10'])).toBeCloseTo(1)
    expect(value('increase(a[5m])', 10, ['a', '0+60x10'])).toBeCloseTo(300)
  })

  test('a counter that begins again has not fallen', () => {
    expect(value('increase(a[5m])', 5, ['a', '_ 100 110 0 10 20'])).toBeCloseTo(37.5)
  })

  test('an increase is stretched to the range, but not to below zero before the first sample', () => {
    expect(value('increase(a[10m])', 10, ['a', '_x8 0 3 6'])).toBeCloseTo(6)
  })

  test('a gauge may fall', () => {
    expect(value('delta(a[5m])', 10, ['a', '100-1x10'])).toBeCloseTo(-5)
  })

  test('a line goes on', () => {
    expect(value('predict_linear(a[10m], 600)', 10, ['a', '0+2x10'])).toBeCloseTo(40)
  })

  test('one sample says nothing', () => {
    expect(at('rate(a[1m])', 5, ['a', '0+1x5'])).toEqual([])
  })
})

describe('histograms', () => {
  const buckets: [string, string][] = [
    ['b{le="1"}', '0+10x5'],
    ['b{le="5"}', '0+20x5'],
    ['b{le="+Inf"}', '0+20x5'],
  ]
  test('a quantile lies within its bucket', () => {
    expect(value('histogram_quantile(0.75, b)', 5, ...buckets)).toBe(3)
    expect(value('histogram_quantile(0.25, b)', 5, ...buckets)).toBe(0.5)
  })

  test('beyond the last bound it is that bound', () => {
    expect(value('histogram_quantile(0.99, b)', 5, ['b{le="1"}', '0+1x5'], ['b{le="+Inf"}', '0+9x5'])).toBe(1)
  })
})

describe('vectors', () => {
  const two: [string, string][] = [
    ['a{x="1",y="p"}', '3x5'],
    ['a{x="2",y="p"}', '5x5'],
  ]
  test('aggregates by labels', () => {
    expect(value('sum(a)', 5, ...two)).toBe(8)
    expect(at('max by (x) (a)', 5, ...two)).toEqual([
      { labels: { x: '1' }, value: 3 },
      { labels: { x: '2' }, value: 5 },
    ])
  })

  test('selects by labels', () => {
    expect(value('a{x!="1"}', 5, ...two)).toBe(5)
    expect(value('a{x=~"1|7"}', 5, ...two)).toBe(3)
    expect(at('a{y!~"p"}', 5, ...two)).toEqual([])
  })

  test('compares, and keeps what holds', () => {
    expect(value('a > 4', 5, ...two)).toBe(5)
    expect(at('a > 9', 5, ...two)).toEqual([])
  })

  test('matches both sides by all labels, or by some', () => {
    expect(at('a - a', 5, ...two)).toHaveLength(2)
    expect(at('a and b', 5, ...two, ['b{x="1"}', '1x5'])).toEqual([])
    expect(value('a and on (x) b', 5, ...two, ['b{x="1"}', '1x5'])).toBe(3)
    expect(value('a unless on (x) b', 5, ...two, ['b{x="1"}', '1x5'])).toBe(5)
    expect(at('b or a', 5, ...two, ['b{x="1",y="p"}', '1x5'])).toHaveLength(2)
  })

  test('a series is gone five minutes after its last sample', () => {
    expect(value('a', 4, ['a', '1'])).toBe(1)
    expect(at('a', 5, ['a', '1'])).toEqual([])
    expect(value('absent(a)', 5, ['a', '1'])).toBe(1)
    expect(at('absent(a)', 4, ['a', '1'])).toEqual([])
  })

  test('products come before sums, sums before comparisons, these before and, and that before or', () => {
    expect(value('2 + 3 * 4', 0)).toBe(14)
    expect(value('b or a > 1 + 1 and a < 4', 5, ...two)).toBe(3)
    expect(value('time() - 60', 5)).toBe(240)
  })
})

test.each(['a[5m', 'sum(', 'stddev(a)', 'a / ignoring(x) b', 'avg without (x) (a)', 'deriv(a[5m])'])(
  '%s is refused',
  expression => {
    expect(() => at(expression, 5, ['a', '0+1x5'], ['b', '0+1x5'])).toThrow()
  },
)

test('the metrics of an expression, and no labels or functions', () => {
  expect([...metricsIn('sum by (le) (rate(a_bucket{le="5"}[5m])) / on (x) b > 3')]).toEqual(['a_bucket', 'b'])
})

test('an alert fires once it has held for long enough, and begins again after a gap', () => {
  const rules = [
    { record: 'twice', expr: 'a * 2' },
    { alert: 'High', expr: 'twice > 5', for: '2m', labels: { severity: 'page' } },
  ]
  const world = { series: [parseSeries('a', '0 3 3 0 3 3 3')], intervalSeconds: 60 }
  const firing = (minutes: number) => firingAt(rules, world, minutes * 60).length
  expect([0, 1, 2, 3, 4, 5, 6].map(firing)).toEqual([0, 0, 0, 0, 0, 0, 1])
})
