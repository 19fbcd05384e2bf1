// The outbox: events are facts and never change; a delivery is one event for one endpoint; an attempt is one request.
import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  customType,
  doublePrecision,
  index,
  integer,
  json,
  jsonb,
  pgSchema,
  primaryKey,
  smallint,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core'

export const outbox = pgSchema('outbox')

const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => 'bytea' })
const xid8 = customType<{ data: string }>({ dataType: () => 'xid8' })
const pgSnapshot = customType<{ data: string }>({ dataType: () => 'pg_snapshot' })
const id = () => bigint({ mode: 'bigint' }).primaryKey().generatedAlwaysAsIdentity()
const ref = () => bigint({ mode: 'bigint' }).notNull()
const time = () => timestamp({ withTimezone: true })
/** The random half of a public id: ids cannot be guessed, and a restored copy of the database does not repeat them. */
const nonce = () => integer().notNull().default(sql`(floor(random() * 4294967296) - 2147483648)::integer`)

export const endpointState = outbox.enum('endpoint_state', ['active', 'paused', 'disabled'])
/** idle: nobody has pulled for `expires_after_idle_seconds`. */
export const disabledReason = outbox.enum('disabled_reason', ['gone', 'failing', 'manual', 'idle'])
/** push: senders post to its URL. pull: its receiver fetches finished requests and settles them itself. */
export const endpointKind = outbox.enum('endpoint_kind', ['push', 'pull'])
export const signing = outbox.enum('signing', ['hmac', 'ed25519'])
export const ordering = outbox.enum('ordering', ['none', 'key'])
export const webhookFormat = outbox.enum('webhook_format', ['standard', 'slack'])
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
export const sender = outbox.enum('sender', ['listener', 'cron', 'pull'])

/**
 * Facts. Written by triggers and outbox.emit() in the writer's own transaction; never updated. No CHECK: Postgres reads
 * and plans each one anew for every statement, and three cost the writer 12 µs. Only functions of the outbox may write
 * here, and they correct types and shorten keys (drizzle/functions/capture_body.sql). In partitions by id (partitions.ts),
 * as are `delivered_at_once` and `attempt_rows`.
 */
export const events = outbox.table(
  'events',
  {
    id: id(),
    nonce: nonce(),
    type: text().notNull(),
    /** `json`, not `jsonb`: it keeps the text exactly as Postgres printed it, and the webhook's body is built around that. */
    data: json().notNull(),
    key: text(),
    tenant: text(),
    occurred_at: time().notNull().default(sql`clock_timestamp()`),
    /** The writer's transaction: tells whether an event was committed before an endpoint was created. */
    xid: xid8().notNull().default(sql`pg_current_xact_id()`),
    actor: text(),
    traceparent: text(),
  },
  t => [
    index('events_by_key').on(t.key, t.id).where(sql`${t.key} is not null`),
    index('events_by_tenant').on(t.tenant, t.id).where(sql`${t.tenant} is not null`),
    index('events_by_type').on(t.type, t.id),
  ],
)

/** Events that are not yet deliveries: one narrow row each, written beside the event, deleted by the fan-out. */
export const fanout = outbox.table('fanout', { event_id: bigint({ mode: 'bigint' }).primaryKey() })

export const endpoints = outbox.table(
  'endpoints',
  {
    id: id(),
    nonce: nonce(),
    /** What its owner calls it; no two of a tenant have the same. */
    name: text(),
    kind: endpointKind().notNull().default('push'),
    url: text().notNull(),
    description: text(),
    /** null = every type; `order.*` matches `order.shipped`. */
    event_types: text().array(),
    /** null = every tenant's events. */
    tenant: text(),
    /** Custom headers, sealed (delivery/secrets.ts). */
    sealed_headers: bytea(),
    signing: signing().notNull().default('hmac'),
    ordering: ordering().notNull().default('none'),
    /** Of the body. */
    format: webhookFormat().notNull().default('standard'),
    max_in_flight: integer().notNull().default(32),
    rate_per_second: doublePrecision(),
    /** null = OUTBOX_REQUEST_TIMEOUT_SECONDS. */
    timeout_seconds: doublePrecision(),
    /** Waits in seconds after attempt 1, 2, …; null = OUTBOX_RETRY_SCHEDULE. */
    retry_schedule: doublePrecision().array(),
    /** With kind pull: disabled when nobody has pulled for so long; null = never. */
    expires_after_idle_seconds: integer(),
    state: endpointState().notNull().default('active'),
    disabled_reason: disabledReason(),
    /** Rises with every change, so that senders know when to read the row again. */
    version: integer().notNull().default(1),
    /** Set by a trigger: the endpoint gets events with a higher id, and of the lower ones those that `created_snapshot` did not see committed. */
    events_after: bigint({ mode: 'bigint' }).notNull().default(sql`0`),
    created_snapshot: pgSnapshot().notNull().default(sql`pg_current_snapshot()`),
    created_at: time().notNull().default(sql`clock_timestamp()`),
    updated_at: time().notNull().default(sql`clock_timestamp()`),
    /** Deleted endpoints stay as a row, so that history can name them. */
    deleted_at: time(),
  },
  t => [
    index('endpoints_by_tenant').on(t.tenant, t.id).where(sql`${t.tenant} is not null`),
    // For the fan-out, of what belongs to no tenant: by type, and those that want every type. That each part has one index
    // keeps its plan from depending on statistics.
    index('endpoints_by_type')
      .using('gin', t.event_types)
      .with({ fastupdate: false })
      .where(sql`${t.tenant} is null`),
    index('endpoints_of_all_types').on(t.id).where(sql`${t.tenant} is null and ${t.event_types} is null`),
    uniqueIndex('endpoints_by_name')
      .on(sql`coalesce(${t.tenant}, '')`, t.name)
      .where(sql`${t.name} is not null and ${t.deleted_at} is null`),
    check('endpoints_name', sql`${t.name} ~ '^[A-Za-z0-9._-]{1,100}$'`),
    check('endpoints_url', sql`length(${t.url}) <= 2048 and ${t.url} ~ '^https?://'`),
    check('endpoints_reason', sql`(${t.state} = 'disabled') = (${t.disabled_reason} is not null)`),
    check('endpoints_deleted', sql`${t.deleted_at} is null or ${t.state} = 'disabled'`),
    check('endpoints_max_in_flight', sql`${t.max_in_flight} between 1 and 1000`),
    check('endpoints_rate', sql`${t.rate_per_second} > 0 and ${t.rate_per_second} <= 10000`),
    check('endpoints_timeout', sql`${t.timeout_seconds} > 0 and ${t.timeout_seconds} <= 60`),
    check('endpoints_event_types', sql`cardinality(${t.event_types}) between 1 and 100`),
    check('endpoints_retry_schedule', sql`cardinality(${t.retry_schedule}) <= 50`),
  ],
)

/**
 * What all senders together know of an endpoint's health. A table of its own, so that its updates never wait for a lock on
 * the endpoint's row, and an operator's edit never waits for them.
 */
export const endpointHealth = outbox.table(
  'endpoint_health',
  {
    endpoint_id: bigint({ mode: 'bigint' }).primaryKey(),
    /** Failed attempts since the last success. */
    failures: integer().notNull().default(0),
    /** Those of them that say nothing: the receiver has not accepted so early a try since the breaker closed. */
    early_failures: integer().notNull().default(0),
    failing_since: time(),
    /** The receiver asked for a pause (Retry-After): nothing is sent before this time. */
    not_before: time(),
    /** The circuit breaker is open: one probe may go at this time; null = closed. */
    probe_at: time(),
    /** Probes that failed since the breaker opened: the pauses grow with it. */
    probes: integer().notNull().default(0),
    /** A probe is on its way. */
    probing: boolean().notNull().default(false),
    /** Of the deliveries that failed since the last success, the one that has used the most of its schedule: probes prefer it. */
    nearest_event_id: bigint({ mode: 'bigint' }),
    /** The earliest try that the receiver has accepted since the breaker closed. */
    tries_needed: integer().notNull().default(1),
    /** How often the breaker has opened again while it was in doubt: each time it takes more failures. */
    relapses: integer().notNull().default(0),
    /** When the breaker last closed, or would have opened again if it were not in doubt. */
    doubted_at: time(),
    /** After the breaker has closed, how many may be in flight until the lane is trusted again; null = max_in_flight. */
    slow_start_limit: integer(),
    /** With rate_per_second: the time of the next free slot. */
    next_slot_at: time(),
    /** With ordering: where the next scan of the keys begins, when there were too many for one. */
    key_cursor: text(),
  },
  t => [
    check('endpoint_health_early_failures', sql`${t.early_failures} between 0 and ${t.failures}`),
    check('endpoint_health_relapses', sql`${t.relapses} >= 0`),
    check('endpoint_health_tries_needed', sql`${t.tries_needed} >= 1`),
    check(
      'endpoint_health_failures',
      sql`${t.failures} >= 0 and (${t.failures} = 0) = (${t.failing_since} is null)`,
    ),
    check('endpoint_health_slow_start_limit', sql`${t.slow_start_limit} >= 1`),
    check(
      'endpoint_health_probes',
      sql`${t.probes} >= 0 and (${t.probe_at} is not null or (${t.probes} = 0 and not ${t.probing}))`,
    ),
  ],
)

/** Who pulls an endpoint of kind pull: one at a time, and until when nobody else may. */
export const pullSessions = outbox.table('pull_sessions', {
  endpoint_id: bigint({ mode: 'bigint' }).primaryKey(),
  holder: text().notNull(),
  held_until: time().notNull(),
  pulled_at: time().notNull(),
})

/**
 * previewed: shown to somebody, who may start it with its token. running: senders work through it. done: every event was
 * looked at. canceled: an operator stopped it.
 */
export const replayState = outbox.enum('replay_state', ['previewed', 'running', 'done', 'canceled'])
/** dead: only dead deliveries. undelivered: also canceled ones, and events without a delivery. all: also delivered ones. */
export const replayScope = outbox.enum('replay_scope', ['dead', 'undelivered', 'all'])

/**
 * A person asked for past events again. Senders work through them in small steps, at a bounded rate. It goes through one
 * endpoint's events in a range of time, or it is pinned: it has a token, and its deliveries stand in `replay_parts`.
 */
export const replays = outbox.table(
  'replays',
  {
    id: id(),
    nonce: nonce(),
    /** null = pinned, of any endpoints. */
    endpoint_id: bigint({ mode: 'bigint' }).references(() => endpoints.id),
    since: time().notNull(),
    until: time().notNull(),
    event_types: text().array(),
    scope: replayScope().notNull(),
    rate_per_second: doublePrecision(),
    state: replayState().notNull().default('running'),
    /** Every event up to this one has been looked at. */
    looked_to: bigint({ mode: 'bigint' }).notNull().default(sql`0`),
    /** Deliveries made due so far. */
    replayed: bigint({ mode: 'bigint' }).notNull().default(sql`0`),
    stepped_at: time().notNull().default(sql`clock_timestamp()`),
    created_at: time().notNull().default(sql`clock_timestamp()`),
    finished_at: time(),
    /** Pinned: a hash of what starts it. */
    token_hash: bytea().unique(),
    expires_at: time(),
    /** Pinned: whose key asked for it; null = an operator's. */
    tenant: text(),
    /** Pinned: what the deliveries were found by. */
    filter: jsonb(),
    /** Pinned: how many deliveries. */
    pinned: integer(),
    /** Pinned: those that were not sent, because they were delivered, on their way, due or gone by then. */
    skipped: integer().notNull().default(0),
  },
  t => [
    index('replays_running').on(t.id).where(sql`${t.state} = 'running'`),
    index('replays_previewed').on(t.expires_at).where(sql`${t.state} = 'previewed'`),
    uniqueIndex('replays_one_per_endpoint')
      .on(t.endpoint_id)
      .where(sql`${t.state} = 'running' and ${t.token_hash} is null`),
    index('replays_by_endpoint').on(t.endpoint_id, t.id),
    check('replays_range', sql`${t.since} <= ${t.until}`),
    check('replays_rate', sql`${t.rate_per_second} > 0`),
    check('replays_finished', sql`(${t.state} in ('previewed', 'running')) = (${t.finished_at} is null)`),
    check(
      'replays_pinned',
      sql`case when ${t.token_hash} is null
               then ${t.state} <> 'previewed' and ${t.endpoint_id} is not null and ${t.rate_per_second} is not null
               else ${t.expires_at} is not null and ${t.pinned} is not null end`,
    ),
  ],
)

/** What a pinned replay sends to one endpoint. */
export const replayParts = outbox.table(
  'replay_parts',
  {
    replay_id: ref().references(() => replays.id, { onDelete: 'cascade' }),
    endpoint_id: ref(),
    /** Ascending. */
    event_ids: bigint({ mode: 'bigint' }).array().notNull(),
    /** So many of them were looked at. */
    looked_to: integer().notNull().default(0),
    stepped_at: time().notNull().default(sql`clock_timestamp()`),
  },
  t => [primaryKey({ columns: [t.replay_id, t.endpoint_id] })],
)

/** Signing keys, sealed. The key without an end signs; keys that have not ended yet sign too (rotation with overlap). */
export const endpointSecrets = outbox.table(
  'endpoint_secrets',
  {
    id: id(),
    endpoint_id: ref().references(() => endpoints.id),
    signing: signing().notNull(),
    sealed: bytea().notNull(),
    /** `whpk_…` of an ed25519 key, which receivers verify with. Not a secret. */
    public_key: text(),
    created_at: time().notNull().default(sql`clock_timestamp()`),
    expires_at: time(),
  },
  t => [
    index('endpoint_secrets_by_endpoint').on(t.endpoint_id, t.id),
    // Of two rotations at once, the second fails instead of leaving two keys without an end.
    uniqueIndex('endpoint_secrets_one_endless').on(t.endpoint_id).where(sql`${t.expires_at} is null`),
  ],
)

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
 * Deliveries that are followed one by one: those that had to wait, failed, or were asked for. No foreign keys: only the outbox's own statements make these rows, from events and endpoints
 * that they have just read. A foreign key would lock the endpoint's row for every delivery, so a session that locks one
 * endpoint by hand would hold up all.
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
