// The wide table of a scenario with many figures.
import { expect, test } from 'vitest'
import { pivot } from '../../bench/report/pivot.ts'
import { Results } from '../../bench/results.ts'

const figures = (scenario: string) => {
  const results = new Results()
  const add = (variant: string, subject: string, metric: string, value: number) =>
    results.add(scenario, { variant, subject, metric, unit: 'ms', value })
  for (const value of [3, 1, 2]) add('1 per second', 'Outbox', 'p50', value)
  add('1 per second', 'graphile-worker', 'p50', 4)
  add('5 per second', 'Outbox', 'p50', 5)
  return results.figures
}

test('a sweep has a row for each rate, with median and spread', () => {
  expect(pivot('sweep', figures('sweep'))).toEqual([
    ['', 'Outbox p50, ms', 'graphile-worker p50, ms'],
    ['1 per second', '2 (1…3)', '4'],
    ['5 per second', '5', '–'],
  ])
})

test('other scenarios have a line for each figure', () => {
  expect(pivot('throughput', figures('throughput'))).toBeNull()
})
