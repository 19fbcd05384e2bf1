// What became of the attempts, minute by minute, so that a chart needs no scan of them. They are kept apart from the attempts,
// and outlive them.
import { sql } from 'drizzle-orm'
import { bigint, check, doublePrecision, integer, primaryKey, smallint, text } from 'drizzle-orm/pg-core'
import { ref, time } from './columns.ts'
import { sender } from './deliveries.ts'
import { outbox } from './outbox.ts'

/**
 * What one settlement has recorded: written beside the attempts, in the same statement, and added to `attempt_minutes`
 * a moment later (drizzle/functions/fold_attempts.sql). Only ever appended to, and without an index, so that no sender waits
 * for another.
 */
export const attemptTallies = outbox.table('attempt_tallies', {
  endpoint_id: ref(),
  sender: sender().notNull(),
  /** That the attempts began in, by the database's clock. */
  minute: time().notNull(),
  /** null = success. */
  error: text(),
  /** Negative: so many `interrupted` were a wrong guess. */
  attempts: integer().notNull(),
  /** Of each attempt that was answered. */
  durations_ms: integer().array(),
  /** Of each first attempt: how long after its event was written it began. */
  delays_ms: integer().array(),
})

/** Of each endpoint, of each tenant's endpoints together and of all together; by the minute, and by the hour for longer charts. */
export const attemptMinutes = outbox.table(
  'attempt_minutes',
  {
    /** 0 = several endpoints together: those of `tenant`, or all. */
    endpoint_id: ref(),
    /** Empty, unless the row is of a tenant's endpoints together. */
    tenant: text().notNull(),
    /** 1 or 60: how many minutes it is of, */
    minutes: smallint().notNull(),
    /** from this one on. */
    begins_at: time().notNull(),
    sender: sender().notNull(),
    /** `delivered`, or the error of the attempts. */
    outcome: text().notNull(),
    attempts: bigint({ mode: 'bigint' }).notNull(),
    /** How many of them were answered within 5 ms, within 10 ms, … (drizzle/functions/fold_attempts.sql); null = none. */
    durations: integer().array(),
    duration_ms: bigint({ mode: 'bigint' }).notNull(),
    /** The same of the delays of first attempts. */
    delays: integer().array(),
    delay_ms: bigint({ mode: 'bigint' }).notNull(),
  },
  t => [
    primaryKey({
      name: 'attempt_minutes_pk',
      columns: [t.endpoint_id, t.tenant, t.minutes, t.begins_at, t.sender, t.outcome],
    }),
  ],
)

/** For how long the oldest pending delivery had been due, looked up once a minute. No row for an endpoint: nothing was due. */
export const backlogMinutes = outbox.table(
  'backlog_minutes',
  {
    endpoint_id: ref(),
    tenant: text().notNull(),
    begins_at: time().notNull(),
    oldest_pending_seconds: doublePrecision().notNull(),
  },
  t => [primaryKey({ columns: [t.endpoint_id, t.tenant, t.begins_at] })],
)

/** One row: how far the history is. */
export const history = outbox.table(
  'history',
  {
    id: smallint().primaryKey().default(1),
    /** Every attempt that was recorded before is in `attempt_minutes`. */
    folded_at: time().notNull(),
    /** The minute of the last sample of the backlog. */
    sampled_at: time().notNull(),
    /** When what is too old was last deleted. */
    cleaned_at: time().notNull(),
    /** The checks of the self-check that operators were told about, while they are broken. */
    broken_checks: text().array().notNull().default([]),
    /** For how long the oldest delivery that nothing holds up had waited a minute ago, */
    waited_seconds: doublePrecision().notNull().default(0),
    /** and for how many minutes that has grown. */
    grown_minutes: integer().notNull().default(0),
  },
  t => [check('history_one', sql`${t.id} = 1`)],
)
