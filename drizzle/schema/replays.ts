// Past events that people asked for again.
import { sql } from 'drizzle-orm'
import {
  bigint,
  check,
  doublePrecision,
  index,
  integer,
  jsonb,
  primaryKey,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import { bytea, id, nonce, ref, time } from './columns.ts'
import { endpoints, outbox } from './outbox.ts'

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
