// What monitoring sees of the database: the listener and the functions show the same gauges under the same names. They are
// of the whole database, so of several processes that show them one takes the largest, and never the sum.
import { findHeldReason } from './identity.ts'
import { captureHealth, gauges } from './queries.gen.ts'
import type { Run } from './run.ts'

export interface GaugeMeaning {
  readonly help: string
  readonly labels: readonly string[]
  /** It only grows. */
  readonly isCounter?: true
}

/** Each label has few values, which are listed; but for `endpoint`, of which OUTBOX_METRICS_ENDPOINTS says how many. */
export const databaseGauges = {
  outbox_events_captured_total: {
    help: 'Events written so far, those of transactions that were rolled back included.',
    labels: [],
    isCounter: true,
  },
  outbox_deliveries: {
    help: 'Deliveries by state: pending, sending or dead. Counting stops at 50000.',
    labels: ['state'],
  },
  outbox_oldest_pending_seconds: {
    help: 'For how long the pending delivery that waits longest has been due. Disabled endpoints do not count.',
    labels: [],
  },
  outbox_oldest_unfanned_seconds: {
    help: 'How old the oldest event is that has not become deliveries yet.',
    labels: [],
  },
  outbox_endpoints: {
    help: 'Endpoints by state, and why they are disabled: gone, failing or manual.',
    labels: ['state', 'disabled_reason'],
  },
  outbox_breakers_open: {
    help: 'Active endpoints whose circuit breaker is open: they fail, and get nothing but probes.',
    labels: [],
  },
  outbox_endpoint_pending: {
    help: 'Pending deliveries of the endpoints that have the most, and of all others together.',
    labels: ['endpoint'],
  },
  outbox_endpoint_oldest_pending_seconds: {
    help: 'For how long the oldest of them has been due.',
    labels: ['endpoint'],
  },
  outbox_last_cron_timestamp_seconds: {
    help: 'When the cron function last came to its end. Missing: it never has.',
    labels: [],
  },
  outbox_listener_heartbeat_timestamp_seconds: {
    help: 'When a listener last gave a sign of life, which it does every quarter of a minute. Missing: none runs.',
    labels: [],
  },
  outbox_notify_queue_usage_ratio: {
    help: 'How full the queue of notifications of Postgres is, from 0 to 1. When it is full, commits fail.',
    labels: [],
  },
  outbox_oldest_transaction_seconds: {
    help: 'For how long the oldest transaction has kept vacuum from cleaning up.',
    labels: [],
  },
  outbox_storage_bytes: {
    help: 'What the schema outbox takes on disk, by part: events, deliveries, attempts or other. With indexes.',
    labels: ['part'],
  },
} as const satisfies Record<string, GaugeMeaning>

/** Measured less often, because it compares every watch with the catalogue. */
export const captureGauges = {
  outbox_capture_check: {
    help: '1 if the check of the self-check of capture passes, 0 if not. What to do about it: GET /v1/health/capture.',
    labels: ['check'],
  },
} as const satisfies Record<string, GaugeMeaning>

/** A listener knows it of itself, because while it is held it measures nothing. */
export const identityGauges = {
  outbox_database_held: {
    help: '1 while nothing is sent, because the database may be a copy of another one.',
    labels: [],
  },
} as const satisfies Record<string, GaugeMeaning>

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Deliveries of one state that are counted at most: some hundredths of a second. */
const maxCounted = 50_000

/** `maxEndpoints`: how many of those with the largest backlogs are named; 0 = none. */
export async function readDatabaseGauges(run: Run, maxEndpoints: number): Promise<Sample[]> {
  const rows = await gauges(run, { maxCounted, maxEndpoints })
  return rows.map(({ name, label, detail, value }) => {
    const [first, second] = databaseGauges[name as keyof typeof databaseGauges].labels
    const labels = { ...(first && { [first]: label ?? '' }), ...(second && { [second]: detail ?? '' }) }
    return { name, labels, value }
  })
}

export async function readCaptureGauges(run: Run): Promise<Sample[]> {
  const checks = await captureHealth(run)
  return checks.map(({ name, healthy }) => ({
    name: 'outbox_capture_check',
    labels: { check: name },
    value: Number(healthy),
  }))
}

export async function readIdentityGauges(run: Run): Promise<Sample[]> {
  const isHeld = (await findHeldReason(run)) !== null
  return [{ name: 'outbox_database_held', labels: {}, value: Number(isHeld) }]
}
