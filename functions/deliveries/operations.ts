// A person wants a delivery sent once more: the receiver was repaired, or has lost it.
import { parseDeliveryId } from '../../delivery/ids.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import type { Caller } from '../access/caller.ts'
import type { Database } from '../db.ts'

/** `sending`: an attempt is under way, and there are never two at once. */
export type Redelivered = 'redelivered' | 'unknown' | 'endpoint disabled' | 'sending'

export async function redeliver(db: Database, caller: Caller, id: string): Promise<Redelivered> {
  const ids = parseDeliveryId(id)
  const ask = async () => ids && (await queries.redeliverDelivery(db.run, { ...caller, ...ids }))
  // One that was recorded at this very moment has left its row, and is not yet where the statement's snapshot looks.
  const found = (await ask()) ?? (await ask())
  if (!found) return 'unknown'
  if (found.endpointState === 'disabled') return 'endpoint disabled'
  return found.state === 'sending' ? 'sending' : 'redelivered'
}
