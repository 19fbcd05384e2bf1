// Counts deliveries: cheap at any size, because every count stops at a limit.
import { formatId } from '../../../delivery/ids.ts'
import * as queries from '../../../drizzle/queries.gen.ts'
import type { Caller } from '../../access/caller.ts'
import type { Database } from '../../db.ts'
import { maxCounted, maxEndpoints, type Stats } from './schema.ts'

export async function readStats(db: Database, { tenant }: Pick<Caller, 'tenant'>): Promise<Stats> {
  const [row] = await db.run({ name: 'stats', text: queries.stats }, [tenant, maxCounted, maxEndpoints])
  const [countedTo, delivered, deliveredCapped, oldest, pending, sending, dead, capped, endpoints] =
    row as Row
  return {
    deliveries: { pending, sending, dead },
    capped: capped ?? false,
    counted_to: countedTo,
    delivered_last_hour: delivered,
    delivered_last_hour_capped: deliveredCapped,
    oldest_pending_seconds: oldest,
    endpoints: (JSON.parse(endpoints) as EndpointRow[]).map(toEndpointStats),
  }
}

function toEndpointStats([id, nonce, state, pending, sending, dead]: EndpointRow) {
  return { id: formatId('ep', BigInt(id), nonce), state, pending, sending, dead }
}

type Row = [number, number, boolean, number | null, number, number, number, boolean | null, string]
type EndpointRow = [
  id: string,
  nonce: number,
  state: Stats['endpoints'][number]['state'],
  pending: number,
  sending: number,
  dead: number,
]
