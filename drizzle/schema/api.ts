// What the HTTP API remembers: the effects of an Idempotency-Key, and how many requests a caller has left.
import { sql } from 'drizzle-orm'
import { doublePrecision, foreignKey, index, json, primaryKey, text, timestamp } from 'drizzle-orm/pg-core'
import { outbox } from './outbox.ts'

const time = () => timestamp({ withTimezone: true })

/** One Idempotency-Key of one caller (functions/http/idempotency-key.ts). Only outbox.run_idempotent() writes it. */
export const idempotencyKeys = outbox.table(
  'idempotency_keys',
  {
    /** The API key's name; empty for callers without one. */
    scope: text().notNull(),
    /** A keyed hash. */
    key: text().notNull(),
    /** A hash of the request: using the key again for another request is a mistake. */
    fingerprint: text().notNull(),
    claimed_at: time().notNull(),
  },
  t => [primaryKey({ columns: [t.scope, t.key] }), index('idempotency_keys_by_age').on(t.claimed_at)],
)

/** The answer of one statement of the request, written in the transaction in which the statement took effect. */
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

/** Token buckets (drizzle/queries/take_token.sql). A bucket unused for an hour is full again and may be deleted. */
export const rateBuckets = outbox.table(
  'rate_buckets',
  {
    name: text().primaryKey(),
    tokens: doublePrecision().notNull(),
    filled_at: time().notNull().default(sql`clock_timestamp()`),
  },
  t => [index('rate_buckets_by_age').on(t.filled_at)],
)
