// The goals. Most are relations between figures of one run, because figures of different runs are not comparable.
import { largestStep, maxStep, pointsOf } from './jumps.ts'
import type { Results } from './results.ts'

export interface Goal {
  readonly scenario: string
  readonly relation: string
  readonly target: string
  /** NaN when it was not measured. */
  readonly actual: number
  readonly reached: boolean
}

export function goals(results: Results): Goal[] {
  const rate = (scenario: string, variant: string, subject = 'Outbox') =>
    results.median(scenario, variant, subject, 'rate')
  const figure = (scenario: string, variant: string, metric: string, subject = 'Outbox') =>
    results.median(scenario, variant, subject, metric)
  const one = (subject: string) =>
    rate('throughput', '1 endpoint') / rate('throughput', '1 endpoint', subject)
  const perWebhook = (metric: string) => figure('cost', '1 endpoint, full load', metric)
  const p50 = (subject: string) =>
    figure('latency', '200 per second', 'p50') / figure('latency', '200 per second', 'p50', subject)
  const writers = (variant: string, subject: string, than: string) =>
    rate('writers', variant, subject) / rate('writers', variant, than)
  const held = '64 writers, commits held at 2 ms'
  const fast = '16 writers, commits fast'
  const many = rate('many-endpoints', '10,000 endpoints') / rate('many-endpoints', '1 endpoint')
  const neighbour = (variant: string) => figure('noisy-neighbour', variant, 'p95 of the healthy')
  const busiest = (variant: string) => figure('threads', variant, 'CPU, busiest thread')
  const good = (variant: string) => figure('bad-receivers', variant, 'p95 of the good')
  const patch = rate('edge', 'PATCH /orders/:id') / rate('edge', 'PATCH /orders/:id', 'bare Hono + Neon')

  return [
    atLeast('throughput', 'rate over pg-boss', 2.5, one('pg-boss')),
    atLeast('throughput', 'rate over graphile-worker', 2.5, one('graphile-worker')),
    atLeast('throughput', 'rate over the bare loop', 0.75, one('bare loop')),
    atMost('latency', 'p50 at 200/s over graphile-worker', 1.2, p50('graphile-worker')),
    atMost('latency', 'p50 at 200/s over pg-boss', 1, p50('pg-boss')),
    atMost('latency', 'p50 at 200/s, ms', 3, figure('latency', '200 per second', 'p50')),
    atMost('latency', 'p99 at 200/s, ms', 10, figure('latency', '200 per second', 'p99')),
    atMost('latency', 'p99 at 1,000/s, ms', 15, figure('latency', '1000 per second', 'p99')),
    atMost('sweep', 'largest step of the p99', maxStep, largestStep(pointsOf(results, 'Outbox'))),
    atMost('cost', 'Postgres CPU per webhook, µs', 50, perWebhook('Postgres CPU')),
    atMost('cost', 'WAL per webhook, bytes', 300, perWebhook('WAL')),
    atMost('cost', 'tables per webhook without events, bytes', 150, perWebhook('without events')),
    atLeast(
      'writers',
      'quiet over no wake-up, 64 writers, held',
      0.95,
      writers(held, 'captured, quiet wake-up', 'captured, no wake-up'),
    ),
    atLeast(
      'writers',
      'quiet over plain NOTIFY, 64 writers, held',
      10,
      writers(held, 'captured, quiet wake-up', 'captured, plain NOTIFY'),
    ),
    atLeast(
      'writers',
      'captured over not captured, 16 writers',
      0.7,
      writers(fast, 'captured, not claimed', 'not captured'),
    ),
    atLeast(
      'writers',
      'filtered out over not captured, 16 writers',
      0.97,
      writers(fast, 'filtered out', 'not captured'),
    ),
    atLeast(
      'backlog',
      'rate with 1 M over 10 k waiting',
      0.9,
      rate('backlog', '1,000,000 waiting') / rate('backlog', '10,000 waiting'),
    ),
    atMost(
      'backlog',
      'memory with 1 M waiting, MB',
      200,
      figure('backlog', '1,000,000 waiting', 'memory, max'),
    ),
    atLeast(
      'old-snapshot',
      'rate with over without',
      0.8,
      rate('old-snapshot', 'held open') / rate('old-snapshot', 'none'),
    ),
    atMost(
      'noisy-neighbour',
      'p95 with over without',
      2,
      neighbour('one never answers') / neighbour('all answer'),
    ),
    atMost('bad-receivers', 'p95 with over without', 2, good('15 good and 5 bad') / good('15 good')),
    atLeast('many-endpoints', 'rate with 10,000 over 1', 0.7, many),
    atLeast(
      'threads',
      'CPU of the busiest thread, 1 over 2 threads',
      1.5,
      busiest('1 thread') / busiest('2 threads'),
    ),
    atMost('edge', 'round trips per PATCH', 1, figure('edge', 'PATCH /orders/:id', 'round trips')),
    atLeast('edge', 'rate over bare Hono + Neon', 0.85, patch),
    atLeast(
      'publish',
      'one by one in Node, events/s per core',
      1_500,
      figure('publish', 'one by one, 16 connections', 'rate per core', 'Node'),
    ),
    atLeast(
      'publish',
      'batches in Node, events/s per core',
      15_000,
      figure('publish', 'batches, 16 connections', 'rate per core', 'Node'),
    ),
    atMost('idle', 'queries per minute', 12, figure('idle', 'nothing happens', 'queries')),
    atMost('idle', 'CPU, % of a core', 1, figure('idle', 'nothing happens', 'CPU')),
  ].filter(({ actual }) => !Number.isNaN(actual))
}

const atLeast = (scenario: string, relation: string, bound: number, actual: number): Goal => ({
  scenario,
  relation,
  target: `≥ ${bound}`,
  actual,
  reached: actual >= bound,
})

const atMost = (scenario: string, relation: string, bound: number, actual: number): Goal => ({
  scenario,
  relation,
  target: `≤ ${bound}`,
  actual,
  reached: actual <= bound,
})
