// Which partitions `events`, `delivered_at_once` and `attempt_rows` have: the three are cut at the same event ids. Drizzle
// cannot say PARTITION BY, so the migration says it by hand; drizzle/functions/add_partitions.sql makes the partitions.
import { sql } from 'drizzle-orm'
import { bigint, check, doublePrecision, integer, smallint } from 'drizzle-orm/pg-core'
import { time, xid8 } from './columns.ts'
import { outbox } from './outbox.ts'

const eventId = () => bigint({ mode: 'bigint' })

/** One partition of each of the three tables. */
export const partitions = outbox.table('partitions', {
  /** Its lowest id. The first partition has everything below `until_id`. */
  first_id: eventId().primaryKey(),
  /** The lowest id that is no longer in it. */
  until_id: eventId().notNull(),
  /** How often it was replaced by one that has only what must stay. */
  generation: integer().notNull().default(0),
  /** null = made ahead: no event is in it yet. */
  opened_at: time(),
  /** No event after this one is in it; null = new events still come. */
  closed_at: time(),
  /** Ids given out before it was opened: ids jump from one partition to the next, and a counter must not. */
  ids_before: doublePrecision().notNull().default(0),
  /** When it was last looked at, and what nobody needs was left out; null = never. */
  reduced_at: time(),
})

/**
 * events: what must stay is copied, then the partition of events is replaced. delivered, attempts: so are the other two.
 * history: of what must stay it is copied, and the rest is dropped. deliveries: so are rows of events that are gone.
 */
export const expiryStep = outbox.enum('expiry_step', [
  'events',
  'delivered',
  'attempts',
  'history',
  'deliveries',
])

/** The range of ids whose events are being let go, and how far that is; one at a time (drizzle/functions/expire.sql). */
export const expiry = outbox.table(
  'expiry',
  {
    id: smallint().primaryKey().default(1),
    first_id: eventId().notNull(),
    until_id: eventId().notNull(),
    /** Of the partition that replaces those of the range. */
    generation: integer().notNull(),
    step: expiryStep().notNull().default('events'),
    /** Transactions below it may still write events of the range. */
    xid: xid8().notNull().default(sql`pg_current_xact_id()`),
    /** With `history`: where the table that is being read goes on. */
    next_block: eventId().notNull().default(sql`0`),
  },
  t => [check('expiry_one', sql`${t.id} = 1`)],
)
