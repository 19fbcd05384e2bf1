// Who changed what through the API. Rows are only ever added: a trigger refuses everything else.
import { sql } from 'drizzle-orm'
import { bigint, index, jsonb, text, timestamp } from 'drizzle-orm/pg-core'
import { outbox } from './outbox.ts'

/** Written by the statement that makes the change, so neither exists without the other. */
export const audit = outbox.table(
  'audit',
  {
    id: bigint({ mode: 'bigint' }).primaryKey().generatedAlwaysAsIdentity(),
    at: timestamp({ withTimezone: true }).notNull().default(sql`clock_timestamp()`),
    /** The API key's name. */
    who: text().notNull(),
    request_id: text().notNull(),
    /** `endpoint.paused`, `delivery.redelivered`, … (functions/system/audit.ts). */
    action: text().notNull(),
    endpoint_id: bigint({ mode: 'bigint' }),
    event_id: bigint({ mode: 'bigint' }),
    replay_id: bigint({ mode: 'bigint' }),
    /** `{ setting: { from, to } }`; without secrets, headers or the queries of URLs. */
    changes: jsonb(),
  },
  t => [index('audit_by_endpoint').on(t.endpoint_id, t.id)],
)
