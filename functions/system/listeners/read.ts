// The senders from the database: those that gave a sign of life within the last hour.
import { desc, sql } from 'drizzle-orm'
import { type HeldReason, heldSentences } from '../../../drizzle/identity.ts'
import { failedCronRun, lastCronRun, listeners } from '../../../drizzle/schema/senders.ts'
import type { Database } from '../../db.ts'
import { type Listeners, silentAfterSeconds } from './schema.ts'

export async function readListeners(db: Database): Promise<Listeners> {
  const [alive, [lastRun], [failedRun], [hold]] = await db.build('read_listeners', builder =>
    builder.batch([
      builder
        .select({
          listener: listeners,
          isSilent: sql<boolean>`${listeners.seen_at} < clock_timestamp() - make_interval(secs => ${silentAfterSeconds})`,
        })
        .from(listeners)
        .where(sql`${listeners.seen_at} > clock_timestamp() - interval '1 hour'`)
        .orderBy(desc(listeners.since), listeners.name),
      builder.select().from(lastCronRun),
      builder.select().from(failedCronRun),
      builder
        .select({ reason: sql<HeldReason | null>`reason` })
        .from(sql`outbox.held_reason() as held (reason)`),
    ]),
  )
  return {
    data: alive.map(({ listener: { name, version, since, seen_at, awake, in_flight }, isSilent }) => ({
      name,
      version,
      state: isSilent ? 'silent' : awake ? 'awake' : 'asleep',
      since: since.toISOString(),
      last_heartbeat: seen_at.toISOString(),
      in_flight,
    })),
    held: hold?.reason ? heldSentences[hold.reason] : null,
    last_cron_run: lastRun ? toRun(lastRun) : null,
    last_failed_cron_run: failedRun ? toFailedRun(failedRun) : null,
  }
}

function toRun({ id, started_at, finished_at, ...rest }: typeof lastCronRun.$inferSelect) {
  return { ...rest, started_at: started_at.toISOString(), finished_at: finished_at.toISOString() }
}

function toFailedRun({ id, started_at, failed_at, ...rest }: typeof failedCronRun.$inferSelect) {
  return { ...rest, started_at: started_at.toISOString(), failed_at: failed_at.toISOString() }
}
