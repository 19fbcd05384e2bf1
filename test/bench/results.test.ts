// Medians, percentiles and goals from the values of several rounds.
import { expect, test } from 'vitest'
import { goals } from '../../bench/goals.ts'
import { median, percentile, Results } from '../../bench/results.ts'
import { takeTurns } from '../../bench/scenario.ts'

const rate = (subject: string, value: number) => ({
  variant: '1 endpoint',
  subject,
  metric: 'rate',
  unit: 'webhooks/s',
  value,
})

test('the median of an even number of values lies between the two in the middle', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(median([9, 1, 5])).toBe(5)
})

test('a percentile is a value that was measured', () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i)
  expect([50, 99, 100].map(percent => percentile(values, percent))).toEqual([50, 99, 100])
})

test('a goal compares medians of one run, and is left out without figures', () => {
  const results = new Results()
  for (const value of [300, 100, 200]) results.add('throughput', rate('Outbox', value))
  expect(goals(results)).toEqual([])
  results.add('throughput', rate('pg-boss', 100))
  expect(goals(results)).toMatchObject([{ relation: 'rate over pg-boss', actual: 2, reached: false }])
})

test('every participant has a turn in every round, and each round begins with another one', async () => {
  const order: string[] = []
  await takeTurns(3, ['a', 'b', 'c'], async name => void order.push(name))
  expect(order.join('')).toBe('abcbcacab')
})
