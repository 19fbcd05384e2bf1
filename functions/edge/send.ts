// Sends one claim's deliveries, a few at a time.
import type { Send } from '../../delivery/send.ts'
import type { Leased, Settlement } from '../../delivery/types.ts'
import type { Budget } from '../cron/budget.ts'
import { attempt, clock } from '../sending/attempt.ts'
import type { OpenEndpoints } from '../sending/endpoints.ts'

/** What has waited longer than this for its turn is given back unsent: its lease may be over before its request is. */
const maxWaitMs = 2_000
/** With a rate limit: of those that are later than this for their slot, one is sent, and the others get new slots. */
const maxLatenessMs = 100

interface SendPorts {
  readonly endpoints: OpenEndpoints
  readonly budget: Pick<Budget, 'spend' | 'deliveriesLeft'>
  readonly send: Send
  /** Requests under way at the same time. */
  readonly slots: number
  /** When the claim was asked for, by clock(): slots count from then. */
  readonly askedAt: number
}

export interface Sent {
  readonly settlements: Settlement[]
  readonly unsent: Leased[]
}

export async function sendBatch(
  deliveries: readonly Leased[],
  { endpoints, budget, send, slots, askedAt }: SendPorts,
): Promise<Sent> {
  const claimedAt = clock()
  const slotsFrom = Math.min(claimedAt, askedAt + maxLatenessMs)
  const waiting = [...deliveries]
  const settlements: Settlement[] = []
  const unsent: Leased[] = []
  let late = 0
  const sendInTurn = async () => {
    while (waiting.length > 0 && clock() - claimedAt < maxWaitMs && budget.deliveriesLeft > 0) {
      const delivery = waiting.shift()!
      const inMs = delivery.startIn === null ? 0 : slotsFrom + delivery.startIn * 1000 - clock()
      if (inMs < -maxLatenessMs && ++late > 1) {
        unsent.push(delivery)
        continue
      }
      budget.spend()
      if (inMs > 0) await new Promise(resolve => setTimeout(resolve, inMs))
      settlements.push(await attempt(delivery, endpoints.of(delivery), send))
    }
  }
  await Promise.all(Array.from({ length: Math.min(slots, deliveries.length) }, sendInTurn))
  return { settlements, unsent: [...unsent, ...waiting] }
}
