// What the migrator (dev/migrate.ts) has applied to this database. In the schema `outbox`, so that it never meets the
// journal of an application that has migrations of its own.
import { sql } from 'drizzle-orm'
import { text, timestamp } from 'drizzle-orm/pg-core'
import { outbox } from './outbox.ts'

const appliedAt = () => timestamp({ withTimezone: true }).notNull().default(sql`clock_timestamp()`)

/** The numbered files of drizzle/migrations, each applied once. */
export const migrations = outbox.table('migrations', { name: text().primaryKey(), applied_at: appliedAt() })

/** The files of drizzle/functions, each applied again when its content has changed. */
export const functionFiles = outbox.table('function_files', {
  /** Relative to drizzle/, such as `functions/emit.sql` or `shop/functions/watch_orders.sql`. */
  name: text().primaryKey(),
  /** Of the content that was applied last, as hex. */
  sha256: text().notNull(),
  applied_at: appliedAt(),
})
