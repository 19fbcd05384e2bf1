// Before a run does anything: may it send from this database, or is that a copy of another one?
import { addressOf, findHoldWitnessed, type HeldReason, hyperdriveAddress } from '../../drizzle/identity.ts'
import type { Database } from '../db.ts'
import { tryObject } from '../edge/object.ts'
import type { Epoch } from '../edge/witness.ts'
import type { Settings } from '../settings.ts'
import type { Budget } from './budget.ts'

/** A listener that is there vouches for this run within that time. Without one the next run asks again. */
const waitMs = 1_000

export interface Checking {
  /** It counts for the witness: once a minute is enough, so the cron function does. */
  readonly counts?: boolean
}

/** null = it may send. */
export async function findHoldFor(
  db: Pick<Database, 'run'>,
  settings: Pick<Settings, 'databaseUrl' | 'driver' | 'doorbell' | 'edge'>,
  budget: Pick<Budget, 'spend'>,
  { counts = false }: Checking = {},
): Promise<HeldReason | null> {
  const { databaseUrl, driver, doorbell, edge } = settings
  const address = driver === 'hyperdrive' ? hyperdriveAddress : addressOf(databaseUrl)
  // A Durable Object that is there anyway is the witness.
  const witness = doorbell?.object ?? edge?.dispatcher ?? null
  const askWitness = async (path: string, body?: Epoch): Promise<string | null> => {
    if (witness === null) return null
    budget.spend()
    return (await tryObject(witness, path, body))?.text() ?? null
  }
  // Where it does not answer, the database alone is asked.
  const seen = await askWitness('/seen')
  const ask = async () => {
    budget.spend()
    const asking = { address, sender: 'cron', seen: seen ?? '{}', counts: counts && seen !== null }
    const { held, ...epoch } = await findHoldWitnessed(db.run, asking)
    if (asking.counts && held === null) await askWitness('/saw', epoch) // before anything is sent
    return held
  }
  const held = await ask()
  if (held !== 'unknown') return held
  await new Promise(resolve => setTimeout(resolve, waitMs))
  return ask()
}
