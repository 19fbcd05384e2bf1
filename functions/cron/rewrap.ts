// While the master key is being changed: seals under the new key what an old one has sealed, a batch at a time.
import { rewrap } from '../../delivery/rewrap.ts'
import type { Keyring } from '../../delivery/secrets.ts'
import type { Store } from '../../drizzle/store.ts'
import type { Budget } from './budget.ts'

const batchSize = 100

export interface Rewrapped {
  readonly rewrapped: number
  /** Values of the last batch that no key opens. */
  readonly unopened: number
}

/** One batch in any case, more while the budget lasts. Ends as soon as nothing is left or nothing opens. */
export async function rewrapOldSeals(store: Store, keyring: Keyring, budget: Budget): Promise<Rewrapped> {
  const oldKeyIds = keyring.keyIds.slice(1)
  let rewrapped = 0
  let unopened = 0
  for (let more = oldKeyIds.length > 0; more; ) {
    const found = await store.findOldSeals(oldKeyIds, batchSize)
    const opened = await Promise.all(found.map(value => rewrap(value, keyring)))
    const readable = opened.filter(value => value !== null)
    const written = await store.rewrap(readable)
    rewrapped += written
    unopened = found.length - readable.length
    more = written > 0 && found.length === batchSize && budget.reached === null
  }
  return { rewrapped, unopened }
}
