// Kinds of columns that several tables have.
import { sql } from 'drizzle-orm'
import { bigint, customType, integer, timestamp } from 'drizzle-orm/pg-core'

export const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => 'bytea' })
export const xid8 = customType<{ data: string }>({ dataType: () => 'xid8' })
export const pgSnapshot = customType<{ data: string }>({ dataType: () => 'pg_snapshot' })
export const id = () => bigint({ mode: 'bigint' }).primaryKey().generatedAlwaysAsIdentity()
/** The id of another row. */
export const ref = () => bigint({ mode: 'bigint' }).notNull()
export const time = () => timestamp({ withTimezone: true })
/** The random half of a public id: ids cannot be guessed, and a restored copy of the database does not repeat them. */
export const nonce = () =>
  integer().notNull().default(sql`(floor(random() * 4294967296) - 2147483648)::integer`)
