// Tables whose changes are events: written by outbox.watch(), and read by explain, the self-check and the catalogue.
import { sql } from 'drizzle-orm'
import { bigint, customType, json, timestamp } from 'drizzle-orm/pg-core'
import { outbox } from './outbox.ts'

const regclass = customType<{ data: string }>({ dataType: () => 'regclass' })

export const watches = outbox.table('watches', {
  /** Part of the names of its trigger functions, so that a renamed table keeps them. */
  id: bigint({ mode: 'bigint' }).primaryKey().generatedAlwaysAsIdentity(),
  relation: regclass().notNull().unique('watches_relation'),
  /** The options of outbox.watch(), defaults filled in. */
  options: json().notNull(),
  watched_at: timestamp({ withTimezone: true }).notNull().default(sql`clock_timestamp()`),
})
