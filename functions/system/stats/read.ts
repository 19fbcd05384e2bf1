// Counts deliveries: cheap at any size, because every count stops at a limit.
import { formatId } from '../../../delivery/ids.ts'
import * as queries from '../../../drizzle/queries.gen.ts'
import type { Caller } from '../../access/caller.ts'
import type { Database } from '../../db.ts'
import { withoutQuery } from '../../endpoints/read.ts'
import { maxCounted, maxEndpoints, type Stats } from './schema.ts'

export async function readStats(db: Database, { tenant }: Pick<Caller, 'tenant'>): Promise<Stats> {
  const found = await queries.stats(db.run, { tenant, maxCounted, maxEndpoints })
  return {
    deliveries: { pending: found.pending, sending: found.sending, dead: found.dead },
    capped: found.isCapped ?? false,
    counted_to: found.countedTo,
    delivered_last_hour: found.delivered,
    delivered_last_hour_capped: false,
    oldest_pending_seconds: found.oldestPendingSeconds,
    endpoints: found.endpoints.map(row => ({
      id: formatId('ep', row.id, row.nonce),
      url: withoutQuery(row.url),
      state: row.state,
      disabled_reason: row.disabledReason,
      pending: row.pending,
      sending: row.sending,
      dead: row.dead,
      oldest_pending_seconds: row.oldestPendingSeconds,
      failures: row.failures,
      failing_seconds: row.failingSeconds,
      probe_in_seconds: row.probeInSeconds,
    })),
  }
}
