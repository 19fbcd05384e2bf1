// Counts deliveries: cheap at any size, because every count stops at a limit.
import { formatId } from '../../../delivery/ids.ts'
import * as queries from '../../../drizzle/queries.gen.ts'
import type { Caller } from '../../access/caller.ts'
import type { Database } from '../../db.ts'
import { withoutQuery } from '../../endpoints/read.ts'
import { maxCounted, mostEndpoints, type Stats } from './schema.ts'

/** Which endpoints are listed: by default those with the most pending. */
export interface Listed {
  readonly maxEndpoints?: number
  readonly troubleFirst?: boolean
  /** Counts these endpoints alone. Default: all. */
  readonly only?: readonly bigint[]
}

export async function readStats(
  db: Database,
  { tenant }: Pick<Caller, 'tenant'>,
  { maxEndpoints = mostEndpoints, troubleFirst = false, only }: Listed = {},
): Promise<Stats> {
  const found = await queries.stats(db.run, {
    tenant,
    maxCounted,
    maxEndpoints,
    troubleFirst,
    only: only ?? null,
  })
  return {
    deliveries: { pending: found.pending, sending: found.sending, dead: found.dead },
    capped: found.isCapped ?? false,
    counted_to: found.countedTo,
    delivered_last_hour: found.delivered,
    delivered_last_hour_capped: false,
    oldest_pending_seconds: found.oldestPendingSeconds,
    endpoint_counts: {
      total: found.counts.total,
      active: found.counts.active,
      paused: found.counts.paused,
      disabled: found.counts.disabled,
      healthy: found.counts.healthy,
      failing: found.counts.failing,
      in_trouble: found.counts.inTrouble,
    },
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
      failing: row.failing,
      in_trouble: row.inTrouble,
    })),
  }
}
