// Series from the history that senders write beside the attempts, for one endpoint, for a tenant's or for all.
import { and, eq } from 'drizzle-orm'
import { redacted } from '../../../delivery/redact.ts'
import { delayBoundsMs, durationBoundsMs } from '../../../drizzle/history.ts'
import * as queries from '../../../drizzle/queries.gen.ts'
import { history } from '../../../drizzle/schema/history.ts'
import { endpoints } from '../../../drizzle/schema/outbox.ts'
import type { Database } from '../../db.ts'
import { percentile } from './percentile.ts'
import { type Bucket, buckets, type Range } from './range.ts'
import type { Measure, Series } from './schema.ts'

export interface Scope {
  readonly endpoint?: { readonly id: bigint; readonly nonce: number } | undefined
  /** null = everybody's. */
  readonly tenant: string | null
  /** The caller's own, which may not learn why an address was not reached; null = an operator. */
  readonly reader: string | null
  /** Not asked for: whether there is such an endpoint, and how far the history has come. */
  readonly isBrief?: boolean
}

/** null = there is no such endpoint, or it is another tenant's. */
export async function readSeries(
  db: Database,
  scope: Scope,
  range: Range,
  measures: ReadonlySet<Measure>,
): Promise<Series | null> {
  const { isBrief = false } = scope
  const isOpen = isBrief && scope.tenant === null // an unknown one of nobody's is merely empty
  if (scope.endpoint && !isOpen && !(await isThere(db, scope))) return null
  const { since, until, bucketSeconds, count, minutes } = range
  const asked = {
    endpointId: scope.endpoint?.id ?? null,
    tenant: scope.tenant,
    since,
    bucketSeconds,
    buckets: count,
  }
  const [states, attempts, backlog, durations, delays] = await Promise.all([
    isBrief ? [] : db.build('read_history', builder => builder.select().from(history)),
    measures.has('attempts') ? queries.attemptSeries(db.run, { ...asked, minutes }) : null,
    measures.has('oldest_pending') ? queries.backlogSeries(db.run, asked) : null,
    measures.has('response_time')
      ? queries.latencySeries(db.run, { ...asked, minutes, ofDelays: false })
      : null,
    measures.has('first_attempt_delay')
      ? queries.latencySeries(db.run, { ...asked, minutes, ofDelays: true })
      : null,
  ])
  return {
    since: since.toISOString(),
    until: until.toISOString(),
    bucket: Object.entries(buckets).find(([, seconds]) => seconds === bucketSeconds)![0] as Bucket,
    complete_to: states[0]?.folded_at.toISOString() ?? null,
    times: Array.from({ length: count }, (_, i) =>
      new Date(since.getTime() + i * bucketSeconds * 1000).toISOString(),
    ),
    ...(attempts && { attempts: byOutcome(attempts, count, scope.reader) }),
    ...(backlog && { oldest_pending: { seconds: inBuckets(backlog, count, row => row.seconds) } }),
    ...(durations && { response_time: latencies(durations, count, durationBoundsMs) }),
    ...(delays && { first_attempt_delay: latencies(delays, count, delayBoundsMs) }),
  }
}

async function isThere(db: Database, { endpoint, tenant }: Scope): Promise<boolean> {
  const found = await db.build('find_endpoint_of_series', builder =>
    builder
      .select({ id: endpoints.id })
      .from(endpoints)
      .where(
        and(
          eq(endpoints.id, endpoint!.id),
          eq(endpoints.nonce, endpoint!.nonce),
          tenant === null ? undefined : eq(endpoints.tenant, tenant),
        ),
      ),
  )
  return found.length > 0
}

function byOutcome(
  rows: readonly queries.AttemptSeriesRow[],
  count: number,
  reader: string | null,
): Record<string, number[]> {
  const series: Record<string, number[]> = {}
  for (const { bucket, outcome, attempts } of rows) {
    const shown = reader === null ? outcome : (redacted(outcome) ?? outcome)
    series[shown] ??= new Array<number>(count).fill(0)
    series[shown][bucket]! += attempts
  }
  return series
}

function latencies(
  rows: readonly queries.LatencySeriesRow[],
  count: number,
  boundsMs: readonly number[],
): NonNullable<Series['response_time']> {
  const measured = rows.map(({ bucket, counts, ms }) => {
    const histogram = (JSON.parse(counts) as (number | null)[]).map(n => n ?? 0)
    return { bucket, histogram, ms, total: histogram.reduce((sum, n) => sum + n, 0) }
  })
  const of = (share: number) =>
    inBuckets(measured, count, ({ histogram }) => percentile(histogram, boundsMs, share))
  return {
    count: inBuckets(measured, count, ({ total }) => total).map(total => total ?? 0),
    mean_seconds: inBuckets(measured, count, ({ ms, total }) => (total === 0 ? null : ms / total / 1000)),
    p50_seconds: of(0.5),
    p95_seconds: of(0.95),
    p99_seconds: of(0.99),
  }
}

/** null where there is no row. */
function inBuckets<Row extends { readonly bucket: number }>(
  rows: readonly Row[],
  count: number,
  value: (row: Row) => number | null,
): (number | null)[] {
  const values = new Array<number | null>(count).fill(null)
  for (const row of rows) values[row.bucket] = value(row)
  return values
}
