// The outbox: events are facts and never change; endpoints say what of them they want.
import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  doublePrecision,
  index,
  integer,
  json,
  pgSchema,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import { bytea, id, nonce, pgSnapshot, ref, time, xid8 } from './columns.ts'

export const outbox = pgSchema('outbox')

export const endpointState = outbox.enum('endpoint_state', ['active', 'paused', 'disabled'])
/** idle: nobody has pulled for `expires_after_idle_seconds`. */
export const disabledReason = outbox.enum('disabled_reason', ['gone', 'failing', 'manual', 'idle'])
/** push: senders post to its URL. pull: its receiver fetches finished requests and settles them itself. */
export const endpointKind = outbox.enum('endpoint_kind', ['push', 'pull'])
export const signing = outbox.enum('signing', ['hmac', 'ed25519'])
export const ordering = outbox.enum('ordering', ['none', 'key'])
export const webhookFormat = outbox.enum('webhook_format', ['standard', 'slack'])
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
    /** Its tenant was another one at some time, so it may have deliveries of others' events. Set by a trigger. */
    changed_tenant: boolean().notNull().default(false),
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
    /** Each of its deliveries has a number (`delivery_numbers`). */
    sequence: boolean().notNull().default(false),
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
    // Whose deliveries can be of any event, for who looks for those of one event.
    index('endpoints_of_any_tenant').on(t.id).where(sql`${t.tenant} is null or ${t.changed_tenant}`),
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
