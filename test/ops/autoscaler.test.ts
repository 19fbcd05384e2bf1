// More listeners start when more listeners would help, and not when a receiver is down.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { evaluate } from '../support/promql/evaluate.ts'
import type { Rule } from '../support/promql/rules.ts'
import { parseSeries, type Series } from '../support/promql/series.ts'

const read = (path: string) => parse(readFileSync(join(import.meta.dirname, '../../ops', path), 'utf8'))
const recorded = 'outbox:backlog_of_busy_listeners:seconds'
const rule = read('prometheus/alerts.yaml')
  .groups.flatMap(({ rules }: { rules: Rule[] }) => rules)
  .find(({ record }: Rule) => record === recorded)

/** After ten minutes. */
const backlog = (...series: Series[]) => evaluate(rule.expr, { series, intervalSeconds: 15 }, 600)

/** A listener that uses so much of a core. */
const listener = (instance: string, cores: number, oldestPendingSeconds = '0+15x40') => [
  parseSeries(`outbox_lanes_open{instance="${instance}"}`, '3x40'),
  parseSeries(`process_cpu_seconds_total{instance="${instance}"}`, `0+${15 * cores}x40`),
  parseSeries(`outbox_oldest_pending_seconds{instance="${instance}"}`, oldestPendingSeconds),
]

test('what waits for busy listeners counts', () => {
  expect(backlog(...listener('a', 0.9), ...listener('b', 0.8))).toEqual([{ labels: {}, value: 600 }])
})

test('what waits while listeners are idle does not: it waits for its receiver', () => {
  expect(backlog(...listener('a', 0.1), ...listener('b', 0.6))).toEqual([{ labels: {}, value: 0 }])
})

test('nothing waits while nothing is measured', () => {
  expect(backlog()).toEqual([{ labels: {}, value: 0 }])
})

test('other programs that Prometheus scrapes make no listener busy', () => {
  const other = parseSeries('process_cpu_seconds_total{instance="other"}', '0+15x40')
  expect(backlog(...listener('a', 0.1), other)).toEqual([{ labels: {}, value: 0 }])
})

test('the autoscaler asks for the metric that the adapter makes of it', () => {
  const [{ seriesQuery, name }] = read('prometheus/adapter.yaml').rules.external
  expect(seriesQuery).toContain(`"${recorded}"`)
  const metrics = read('kubernetes/autoscaler.yaml').spec.metrics
  const asked = metrics.flatMap(({ external }: { external?: { metric: { name: string } } }) =>
    external ? [external.metric.name] : [],
  )
  expect(asked).toEqual([name.as])
})
