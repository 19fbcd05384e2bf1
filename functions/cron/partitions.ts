// What the listener does once a minute (worker/maintenance/partitions.ts), after the deliveries: partitions for events to come,
// and steps of retention while the run may go on.
import { partitionSeconds } from '../../delivery/retention.ts'
import type { DeliverySettings } from '../../delivery/settings.ts'
import type { Store } from '../../drizzle/store.ts'
import { log } from '../http/log.ts'
import type { Budget } from './budget.ts'

/** A failure here does not make the run fail: the deliveries are done, and the next run comes in a minute. */
export async function keepPartitions(
  store: Pick<Store, 'keepPartitions' | 'expire'>,
  { retention }: Pick<DeliverySettings, 'retention'>,
  budget: Budget,
): Promise<void> {
  try {
    if (budget.reached === null) await store.keepPartitions(partitionSeconds(retention))
    if (retention === null) return
    while (budget.reached === null && (await store.expire(retention)) === 'go on') {}
  } catch {
    log('partitions not kept', {})
  }
}
