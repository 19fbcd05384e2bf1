// What the HTTP API remembers: what was done under an Idempotency-Key, and how many requests somebody still has.
import { sql } from 'drizzle-orm'
import { doublePrecision, foreignKey, index, json, primaryKey, text, timestamp } from 'drizzle-orm/pg-core'
import { outbox } from './outbox.ts'

const time = () => timestamp({ withTimezone: true })

/** One Idempotency-Key of one API key. Written by outbox.run_idempotent() alone. */
export const idempotencyKeys = outbox.table(
  'idempotency_keys',
  {
    /** The API key's name. */
    scope: text().notNull(),
    key: text().notNull(),
    /** A hash of the request: the same key with another request is a mistake. */
    fingerprint: text().notNull(),
    claimed_at: time().notNull(),
  },
  t => [primaryKey({ columns: [t.scope, t.key] }), index('idempotency_keys_by_age').on(t.claimed_at)],
)

/** What one of the request's statements answered, written in the transaction in which it took effect. */
export const idempotencySteps = outbox.table(
  'idempotency_steps',
  {
    scope: text().notNull(),
    key: text().notNull(),
    step: text().notNull(),
    answer: json().notNull(),
  },
  t => [
    primaryKey({ columns: [t.scope, t.key, t.step] }),
    foreignKey({
      columns: [t.scope, t.key],
      foreignColumns: [idempotencyKeys.scope, idempotencyKeys.key],
    }).onDelete('cascade'),
  ],
)

/** Token buckets (drizzle/queries/take_token.sql). One that nobody has touched for an hour is full, and may go. */
export const rateBuckets = outbox.table(
  'rate_buckets',
  {
    name: text().primaryKey(),
    tokens: doublePrecision().notNull(),
    filled_at: time().notNull().default(sql`clock_timestamp()`),
  },
  t => [index('rate_buckets_by_age').on(t.filled_at)],
)
