// Who sends: the listeners that are alive, and the last run of the cron function.
import { sql } from 'drizzle-orm'
import { boolean, check, integer, smallint, text } from 'drizzle-orm/pg-core'
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
