// What the HTTP API remembers: its callers' keys, the effects of an Idempotency-Key, and how many requests a caller has left.
import { sql } from 'drizzle-orm'
import {
  bigint,
  check,
  doublePrecision,
  foreignKey,
  index,
  integer,
  json,
  primaryKey,
  text,
} from 'drizzle-orm/pg-core'
import { bytea, time } from './columns.ts'
import { outbox } from './outbox.ts'

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

/** Keys that were given out through the API, beside those of OUTBOX_API_KEYS. To revoke one is to delete its row. */
export const apiKeys = outbox.table(
  'api_keys',
  {
    id: bigint({ mode: 'bigint' }).primaryKey().generatedAlwaysAsIdentity(),
    nonce: integer().notNull().default(sql`(floor(random() * 4294967296) - 2147483648)::integer`),
    name: text().notNull(),
    scope: text({ enum: ['admin', 'read'] }).notNull(),
    /** null = it sees everything. */
    tenant: text(),
    /** Of a hash of the key: the hash itself keys the HMAC of an Idempotency-Key, and is not in the database. */
    hash: bytea().notNull().unique(),
    created_at: time().notNull().default(sql`clock_timestamp()`),
    /** null = never. */
    expires_at: time(),
    /** Up to a minute behind: it is not written for every request. */
    last_used_at: time(),
  },
  t => [
    check('api_keys_name', sql`${t.name} ~ '^[A-Za-z0-9_-]{1,100}$'`),
    check('api_keys_scope', sql`${t.scope} in ('admin', 'read')`),
    check('api_keys_hash', sql`octet_length(${t.hash}) = 32`),
  ],
)
