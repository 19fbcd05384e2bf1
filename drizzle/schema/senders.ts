// Who sends: the listeners that are alive, the last run of the cron function, and from which database.
import { sql } from 'drizzle-orm'
import { bigint, boolean, check, integer, jsonb, smallint, text } from 'drizzle-orm/pg-core'
import { time } from './columns.ts'
import { outbox } from './outbox.ts'

/** Each listener writes its own row every quarter of a minute, and deletes it when it stops. */
export const listeners = outbox.table('listeners', {
  name: text().primaryKey(),
  version: text().notNull(),
  since: time().notNull().default(sql`clock_timestamp()`),
  seen_at: time().notNull().default(sql`clock_timestamp()`),
  /** It polls, so writers need not notify it. */
  awake: boolean().notNull(),
  /** Requests under way. */
  in_flight: integer().notNull(),
})

/** One row: the last run of the cron function that came to its end. */
export const lastCronRun = outbox.table(
  'last_cron_run',
  {
    id: smallint().primaryKey().default(1),
    version: text().notNull(),
    started_at: time().notNull(),
    finished_at: time().notNull(),
    delivered: integer().notNull(),
    failed: integer().notNull(),
    /** Why it stopped (functions/cron/run.ts). */
    stopped: text().notNull(),
  },
  t => [check('last_cron_run_one', sql`${t.id} = 1`)],
)

/** One row: the last run of the cron function that failed. */
export const failedCronRun = outbox.table(
  'failed_cron_run',
  {
    id: smallint().primaryKey().default(1),
    version: text().notNull(),
    started_at: time().notNull(),
    failed_at: time().notNull(),
    /** What may be told: the statement and its SQLSTATE, or the kind of error. */
    failure: text().notNull(),
  },
  t => [check('failed_cron_run_one', sql`${t.id} = 1`)],
)

/**
 * One row: the database that sends. The first sender writes it; a copy of the database brings it along, and is known by that
 * (drizzle/functions/identify.sql).
 */
export const identity = outbox.table(
  'identity',
  {
    id: smallint().primaryKey().default(1),
    /** What a copy does not have in common with its original (drizzle/functions/database_facts.sql). */
    facts: jsonb().notNull(),
    /** Under which senders reach its server, `host:port`. Empty: adopted, and the next sender writes its own. */
    addresses: text().array().notNull(),
    bound_by: text().notNull(),
    bound_at: time().notNull().default(sql`clock_timestamp()`),
    /** How often senders with an outside witness have counted since it was bound (drizzle/functions/identify_witnessed.sql). */
    epoch: bigint({ mode: 'bigint' }).notNull().default(sql`0`),
    /** What the witness has seen of the epochs, where that was more. */
    witnessed_epoch: bigint({ mode: 'bigint' }),
    /** null = it is the database that it was made as. */
    adopted_as: text({ enum: ['replacement', 'new'] }),
    adopted_at: time(),
  },
  t => [
    check('identity_one', sql`${t.id} = 1`),
    check(
      'identity_adopted',
      sql`${t.adopted_as} in ('replacement', 'new') and (${t.adopted_as} is null) = (${t.adopted_at} is null)`,
    ),
  ],
)

/** Senders that may not send, by the address under which they reach this database: they ask again and again. */
export const heldSenders = outbox.table('held_senders', {
  address: text().primaryKey(),
  sender: text().notNull(),
  since: time().notNull().default(sql`clock_timestamp()`),
  seen_at: time().notNull().default(sql`clock_timestamp()`),
})
