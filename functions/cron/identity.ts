// Before a run does anything: may it send from this database, or is that a copy of another one?
import { addressOf, findHold, type HeldReason, hyperdriveAddress } from '../../drizzle/identity.ts'
import type { Database } from '../db.ts'
import type { Settings } from '../settings.ts'
import type { Budget } from './budget.ts'

/** A listener that is there vouches for this run within that time. Without one the next run asks again. */
const waitMs = 1_000

/** null = it may send. */
export async function findHoldFor(
  db: Pick<Database, 'run'>,
  { databaseUrl, driver }: Pick<Settings, 'databaseUrl' | 'driver'>,
  budget: Pick<Budget, 'spend'>,
): Promise<HeldReason | null> {
  const ask = () => {
    budget.spend()
    const address = driver === 'hyperdrive' ? hyperdriveAddress : addressOf(databaseUrl)
    return findHold(db.run, { address, sender: 'cron' })
  }
  const held = await ask()
  if (held !== 'unknown') return held
  await new Promise(resolve => setTimeout(resolve, waitMs))
  return ask()
}
