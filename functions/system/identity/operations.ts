// Reads which database this is, and lets an operator say what a copy is.
import { type HeldReason, heldSentences } from '../../../drizzle/identity.ts'
import * as queries from '../../../drizzle/queries.gen.ts'
import type { Caller } from '../../access/caller.ts'
import type { Database } from '../../db.ts'
import type { Adopted, Facts, System } from './schema.ts'

export async function readSystem(db: Pick<Database, 'run'>): Promise<System> {
  const found = await queries.readSystem(db.run)
  const { heldReason, boundFacts, addresses, boundBy, boundAt } = found
  return {
    state: heldReason !== null ? 'held' : boundFacts === null ? 'unbound' : 'bound',
    reason: heldReason === null ? null : heldSentences[heldReason as HeldReason],
    facts: JSON.parse(found.facts) as Facts,
    bound:
      boundFacts === null
        ? null
        : {
            facts: JSON.parse(boundFacts) as Facts,
            addresses: [...addresses!],
            by: boundBy!,
            at: boundAt!,
            adopted_as: found.adoptedAs as 'replacement' | 'new' | null,
            adopted_at: found.adoptedAt,
          },
    held_senders: found.heldSenders.map(({ address, sender, since, seenAt }) => ({
      address,
      sender,
      since,
      last_asked: seenAt,
    })),
  }
}

/** So many are canceled within the time of one request, on a slow disk too. */
const maxRows = 20_000

export type Adopting = Adopted | 'not held' | 'other facts'

export async function adopt(
  db: Pick<Database, 'run'>,
  { actor, requestId }: Pick<Caller, 'actor' | 'requestId'>,
  { as: asWhat, facts }: { readonly as: 'replacement' | 'new'; readonly facts: Facts },
): Promise<Adopting> {
  const parameters = { asWhat, facts: JSON.stringify(facts), maxRows, actor, requestId }
  const { outcome, canceled, paused } = await queries.adopt(db.run, parameters)
  if (outcome === 'not held' || outcome === 'other facts') return outcome
  return { adopted: outcome === 'adopted', canceled, paused }
}
