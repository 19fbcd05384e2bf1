// Where the p99 of a sweep jumps.
import { describe, expect, test } from 'vitest'
import { goals } from '../../bench/goals.ts'
import { conclusion, largestStep, type Point, pointsOf, steps } from '../../bench/jumps.ts'
import { table } from '../../bench/report/table.ts'
import { Results } from '../../bench/results.ts'

const points = (...p99s: number[]): Point[] => p99s.map((p99, i) => ({ perSecond: 10 ** i, p99 }))
const sweep = (perSecond: string, p99: number) => ({
  variant: `${perSecond} per second`,
  subject: 'Outbox',
  metric: 'p99',
  unit: 'ms',
  value: p99,
})

describe('the p99 of a sweep', () => {
  test('jumps where it is more than twice that of the next lower rate', () => {
    expect(conclusion('Outbox', points(12, 103, 110, 108))).toBe(
      'Outbox: the p99 jumps from 12.0 ms at 1 per second to 103.0 ms at 10.',
    )
  })

  test('also jumps where it is more than twice that of the next higher rate', () => {
    expect(conclusion('Outbox', points(103, 103, 12))).toBe(
      'Outbox: the p99 jumps from 12.0 ms at 100 per second to 103.0 ms at 10.',
    )
  })

  test('jumps twice at one slow rate between two fast ones', () => {
    expect(conclusion('Outbox', points(12, 103, 12)).match(/to 103\.0 ms at 10/g)).toHaveLength(2)
  })

  test('does not jump when it rises by less than twice from rate to rate', () => {
    expect(conclusion('Outbox', points(8, 16, 30, 55))).toBe(
      'Outbox: the p99 does not jump. It is 8.0 ms to 55.0 ms.',
    )
  })

  test('does not jump below 10 ms, where differences are noise', () => {
    expect(steps(points(1, 9, 2)).map(({ ratio }) => ratio)).toEqual([1, 1])
    expect(largestStep(points(1, 19))).toBeCloseTo(1.9)
  })

  test('has no largest step with a single rate', () => {
    expect(largestStep(points(8))).toBeNaN()
  })
})

test('the points of a sweep are its medians in the order of the rates', () => {
  const results = new Results()
  for (const value of [40, 20, 30]) results.add('sweep', sweep('1,000', value))
  results.add('sweep', sweep('5', 12))
  expect(pointsOf(results, 'Outbox')).toEqual([
    { perSecond: 5, p99: 12 },
    { perSecond: 1_000, p99: 30 },
  ])
})

test('a jump misses its goal, and stands below the table of the sweep', () => {
  const results = new Results()
  results.add('sweep', sweep('100', 8))
  results.add('sweep', sweep('200', 103))
  const evaluated = goals(results)
  expect(evaluated).toMatchObject([{ relation: 'largest step of the p99', actual: 10.3, reached: false }])
  expect(table(results, evaluated)).toContain(
    'Outbox: the p99 jumps from 8.0 ms at 100 per second to 103.0 ms at 200.',
  )
})
