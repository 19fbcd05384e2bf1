// A delivery is one event for one endpoint; an attempt is one request.
import { sql } from 'drizzle-orm'
import { bigint, check, index, integer, primaryKey, smallint, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { ref, time } from './columns.ts'
import { outbox } from './outbox.ts'

/**
 * pending: due at `due_at`, leased to no sender. sending: leased, a request is on its way. delivered: a 2xx came.
 * dead: the retry schedule is used up. canceled: no longer wanted (the endpoint was deleted, or an operator canceled it).
 */
export const deliveryState = outbox.enum('delivery_state', [
  'pending',
  'sending',
  'delivered',
  'dead',
  'canceled',
])
export const sender = outbox.enum('sender', ['listener', 'cron', 'pull', 'edge'])

/**
 * Deliveries that one fan-out leased together and that are not recorded yet. Each leaves the array when its outcome is
 * recorded: a success goes to `delivered_at_once`, everything else gets a row of its own. When the array is empty, the row goes.
 * Found by endpoint and lease, of which there are few; no other index, because each would cost every group.
 */
export const deliveryGroups = outbox.table(
  'delivery_groups',
  {
    endpoint_id: ref(),
    /** The first event it had, which tells it from the endpoint's other groups. */
    id: ref(),
    /** Ascending; at most 200, so that the row is not stored out of line. */
    event_ids: bigint({ mode: 'bigint' }).array().notNull(),
    lease: text().notNull(),
    leased_until: time().notNull(),
    created_at: time().notNull(),
  },
  t => [primaryKey({ columns: [t.endpoint_id, t.id] })],
)

/**
 * What came straight from the fan-out and was delivered by its first attempt: delivery and attempt in one narrow row, written
 * once. Where the delivery has a row of its own too, because a person asked for it again, that one says how it is.
 */
export const deliveredAtOnce = outbox.table(
  'delivered_at_once',
  {
    endpoint_id: ref(),
    event_id: ref(),
    created_at: time().notNull(),
    started_at: time().notNull(),
    duration_ms: integer().notNull(),
    sender: sender().notNull(),
    response_status: smallint(),
    response_body: text(),
  },
  t => [
    primaryKey({ columns: [t.endpoint_id, t.event_id] }),
    // As with attempt_rows.
    index('delivered_at_once_by_time')
      .using('brin', t.started_at)
      .with({ pages_per_range: 32, autosummarize: true }),
  ],
)

/**
 * Deliveries that are followed one by one: those that had to wait, failed, or were asked for. No foreign keys: only the outbox's
 * own statements make these rows, from events and endpoints that they have just read. A foreign key would lock the endpoint's
 * row for every delivery, so a session that locks one endpoint by hand would hold up all.
 */
export const deliveryRows = outbox.table(
  'delivery_rows',
  {
    endpoint_id: ref(),
    event_id: ref(),
    state: deliveryState().notNull(),
    /** Attempts started so far: the first is number 1. */
    attempt: integer().notNull().default(0),
    /** The attempt after which the current retry budget began: 0, or the last one before a redelivery or replay was asked for. */
    retry_base: integer().notNull().default(0),
    due_at: time().notNull().default(sql`clock_timestamp()`),
    /** Its holder: `<sender>:<number of its claim>`. Only the holder may settle it. */
    lease: text(),
    leased_until: time(),
    /** The event's key if the endpoint wants order, else null. */
    ordering_key: text(),
    /** Why it is dead or canceled, or what the last attempt failed with. */
    reason: text(),
    created_at: time().notNull().default(sql`clock_timestamp()`),
    finished_at: time(),
  },
  t => [
    primaryKey({ columns: [t.endpoint_id, t.event_id] }),
    index('delivery_rows_pending').on(t.endpoint_id, t.due_at, t.event_id).where(sql`${t.state} = 'pending'`),
    index('delivery_rows_leases').on(t.leased_until).where(sql`${t.state} = 'sending'`),
    index('delivery_rows_dead').on(t.endpoint_id, t.event_id).where(sql`${t.state} = 'dead'`),
    // For people who look for what failed with this or that. What succeeds is not in it.
    index('delivery_rows_failed').on(t.endpoint_id, t.reason, t.event_id).where(sql`${t.reason} is not null`),
    index('delivery_rows_open_by_key')
      .on(t.endpoint_id, t.ordering_key, t.event_id)
      .where(sql`${t.ordering_key} is not null and ${t.state} in ('pending', 'sending')`),
    check(
      'delivery_rows_lease',
      sql`(${t.state} = 'sending') = (${t.lease} is not null) and (${t.lease} is null) = (${t.leased_until} is null)`,
    ),
    check(
      'delivery_rows_attempt',
      sql`${t.attempt} >= (case when ${t.state} in ('sending', 'delivered') then 1 else 0 end)`,
    ),
    check('delivery_rows_budget', sql`${t.retry_base} between 0 and ${t.attempt}`),
    check(
      'delivery_rows_finished',
      sql`(${t.state} in ('delivered', 'dead', 'canceled')) = (${t.finished_at} is not null)`,
    ),
    check('delivery_rows_reason', sql`${t.state} not in ('dead', 'canceled') or ${t.reason} is not null`),
  ],
)

/** The last number that an endpoint with `sequence` has given. Never taken back, also when the numbers themselves are let go. */
export const sequences = outbox.table('sequences', {
  endpoint_id: bigint({ mode: 'bigint' }).primaryKey(),
  last_number: bigint({ mode: 'bigint' }).notNull().default(sql`0`),
})

/**
 * Which number a delivery has: 1, 2, 3, … of its endpoint, without a gap. Written for endpoints with `sequence` alone, before
 * the first request, and never changed (drizzle/functions/number_deliveries.sql).
 */
export const deliveryNumbers = outbox.table(
  'delivery_numbers',
  {
    endpoint_id: ref(),
    number: ref(),
    event_id: ref(),
  },
  t => [
    primaryKey({ columns: [t.endpoint_id, t.number] }),
    uniqueIndex('delivery_numbers_by_event').on(t.event_id, t.endpoint_id),
  ],
)

/** Of the table and of the view over it. */
const attemptColumns = () => ({
  endpoint_id: ref(),
  event_id: ref(),
  number: integer().notNull(),
  sender: sender().notNull(),
  started_at: time().notNull(),
  duration_ms: integer(),
  response_status: integer(),
  /** null = success; else one of the documented kinds (delivery/outcome.ts). */
  error: text(),
  response_body: text(),
})

/** One request and what came of it, unless it is in `delivered_at_once`. Append-only, except that a late result may replace `interrupted`. */
const attemptRowColumns = {
  ...attemptColumns(),
  /** A sender had lost its lease, so this was recorded as `interrupted`. The outcome has come since. */
  interrupted_at: time(),
}
export const attemptRows = outbox.table('attempt_rows', attemptRowColumns, t => [
  primaryKey({ columns: [t.endpoint_id, t.event_id, t.number] }),
  // Rows are stored in the order of time, so this index takes a few bytes per 32 pages and costs writers almost nothing.
  index('attempt_rows_by_time')
    .using('brin', t.started_at)
    .with({ pages_per_range: 32, autosummarize: true }),
  // For the tail. Next to none are in it.
  index('attempt_rows_late').on(t.interrupted_at).where(sql`${t.interrupted_at} is not null`),
  check('attempt_rows_number', sql`${t.number} >= 1`),
  check('attempt_rows_duration', sql`${t.duration_ms} >= 0`),
  check('attempt_rows_body', sql`octet_length(${t.response_body}) <= 1024`),
])

/** All deliveries, one event for one endpoint each, wherever they are kept. For reading. */
export const deliveries = outbox
  .view('deliveries', {
    endpoint_id: ref(),
    event_id: ref(),
    state: deliveryState().notNull(),
    attempt: integer().notNull(),
    retry_base: integer().notNull(),
    due_at: time().notNull(),
    lease: text(),
    leased_until: time(),
    ordering_key: text(),
    reason: text(),
    created_at: time().notNull(),
    finished_at: time(),
  })
  .as(sql`select endpoint_id, event_id, state, attempt, retry_base, due_at, lease, leased_until, ordering_key, reason, created_at, finished_at
from outbox.delivery_rows
union all
select d.endpoint_id, d.event_id, 'delivered', 1, 0, d.created_at, null, null, null, null, d.created_at,
       d.started_at + d.duration_ms * interval '1 ms'
from outbox.delivered_at_once d
where not exists (select from outbox.delivery_rows r where r.endpoint_id = d.endpoint_id and r.event_id = d.event_id)
union all
select g.endpoint_id, e.id, 'sending', 1, 0, g.created_at, g.lease, g.leased_until, null, null, g.created_at, null
from outbox.delivery_groups g
cross join lateral unnest(g.event_ids) as e (id)`)

/** All attempts: one request each, and what came of it. For reading. */
export const attempts = outbox
  .view('attempts', attemptColumns())
  .as(sql`select endpoint_id, event_id, number, sender, started_at, duration_ms, response_status, error, response_body
from outbox.attempt_rows
union all
select endpoint_id, event_id, 1, sender, started_at, duration_ms, response_status, null, response_body
from outbox.delivered_at_once`)
