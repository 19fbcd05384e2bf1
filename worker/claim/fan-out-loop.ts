// Step 3: wakes up, fans out new events, and hands the deliveries to the lanes. A notification is a hint, the tables are the
// truth.
import type { EndpointId, Leased } from '../../delivery/types.ts'
import type { FanOutMeta, Store } from '../../drizzle/store.ts'
import type { Lanes } from '../lanes/lanes.ts'
import { Loop } from '../loop.ts'
import type { Log } from '../observability/log.ts'
import type { NotifySuppression } from '../wake/notify-suppression.ts'
import type { ClaimLoop } from './claim-loop.ts'
import { FanOutBound } from './fan-out-bound.ts'
import type { Leasing } from './leasing.ts'

/** Deliveries one fan-out should make, about: bounds the time that one statement takes. */
const fanOutBudget = 1_000
const maxEvents = 500
/** While the lanes that get new events are full, it waits for capacity, */
const fullLanesPauseMs = 25
/** and then goes on with so many at least: what follows may be for lanes that are not full. */
const minEventsWhenFull = 50

export interface FanOutLoopPorts {
  readonly store: Pick<Store, 'fanOut'>
  readonly lanes: Pick<Lanes, 'leaseLimit' | 'eventsThatFit' | 'awaitCapacity' | 'noteShares'>
  readonly leasing: Pick<Leasing, 'take'>
  readonly claimLoop: Pick<ClaimLoop, 'wake' | 'wakeIn' | 'recheckSoon'>
  readonly suppression: Pick<NotifySuppression, 'stateAtStart' | 'note' | 'rest' | 'reportBacklog'>
  readonly log: Log
}

export class FanOutLoop {
  readonly #ports: FanOutLoopPorts
  readonly #loop: Loop
  readonly #bound = new FanOutBound()
  #readOnly = false
  /** Woken, and not told what for: it may be something due. */
  #woken = true
  /** It waits for capacity. */
  #full = false
  /** Deliveries that an event of the last fan-out became. */
  #perEvent = 1

  constructor(ports: FanOutLoopPorts) {
    this.#ports = ports
    this.#loop = new Loop({
      statement: 'fan_out',
      failureMessage: 'could not fan out, will try again',
      log: ports.log,
      work: async () => {
        await this.#drain()
        return ports.suppression.rest()
      },
    })
  }

  start(): void {
    this.#loop.start()
  }

  stop(): Promise<void> {
    return this.#loop.stop()
  }

  wake(): void {
    this.#woken = true
    this.#loop.notify()
  }

  /** The lanes have free capacity again. */
  wakeIfFull(): void {
    if (this.#full) this.wake()
  }

  /** Anything may have happened: no event is taken for fanned out. */
  checkEverything(): void {
    this.#bound.reset()
    this.wake()
  }

  /** A read-only server takes no fan-out. */
  setReadOnly(readOnly: boolean): void {
    this.#readOnly = readOnly
  }

  /** Fans out until no event waits for it. */
  async #drain(): Promise<void> {
    const { lanes, claimLoop, suppression } = this.#ports
    for (let rounds = 0; !this.#loop.isStopping && !this.#readOnly; rounds++) {
      if (rounds > 0) await this.#waitForCapacity()
      const leaseLimit = lanes.leaseLimit()
      this.#full = leaseLimit === 0
      if (this.#full) return suppression.reportBacklog()
      const woken = this.#woken
      this.#woken = false
      const meta = await this.#fanOut(leaseLimit)
      if (woken || meta.fanned > 0) claimLoop.recheckSoon()
      if (!meta.isCut) return
      suppression.reportBacklog()
    }
  }

  async #waitForCapacity(): Promise<void> {
    const { lanes } = this.#ports
    if (lanes.eventsThatFit().isRoomy) return
    lanes.awaitCapacity()
    this.#full = true
    await this.#loop.wait(fullLanesPauseMs)
  }

  #fanOutLimit(): number {
    const { events, isRoomy } = this.#ports.lanes.eventsThatFit()
    const fits = isRoomy ? events : Math.max(events, minEventsWhenFull)
    return Math.max(1, Math.min(maxEvents, Math.floor(fanOutBudget / this.#perEvent), fits))
  }

  /** `isCut`: there may be more events than it was allowed to take. */
  async #fanOut(leaseLimit: number): Promise<FanOutMeta & { isCut: boolean }> {
    const { store, lanes, leasing, claimLoop, suppression } = this.#ports
    const fanOutLimit = this.#fanOutLimit()
    const { stateAtStart } = suppression
    const { deliveries, meta } = await leasing.take(
      'new',
      leaseLimit,
      request => store.fanOut({ ...request, fanOutLimit, fanOutFrom: this.#bound.from }),
      ({ leftPending }) => leftPending > 0,
    )
    const isCut = meta.fanned === fanOutLimit
    const sawAll = meta.hadTurn && !isCut
    this.#bound.note(meta, sawAll)
    suppression.note(meta, sawAll, stateAtStart)
    if (meta.fanned > 0) {
      this.#perEvent = Math.max(1, meta.created / meta.fanned)
      lanes.noteShares(meta.fanned, deliveriesByEndpoint(deliveries, meta))
    }
    if (meta.nextOpenIn !== null) claimLoop.wakeIn(meta.nextOpenIn)
    // What all senders decide together, and what was more than one statement may lease.
    if (meta.leftCoordinated > 0 || (meta.leftPending > 0 && deliveries.length === leaseLimit))
      claimLoop.wake()
    return { ...meta, isCut }
  }
}

/** Those that were leased, and those that found no capacity. */
function deliveriesByEndpoint(
  leased: readonly Leased[],
  { fullLanes, leftToFullLanes }: FanOutMeta,
): ReadonlyMap<EndpointId, number> {
  const counts = new Map(fullLanes.map((id, at) => [id, leftToFullLanes[at]!]))
  for (const { endpointId } of leased) counts.set(endpointId, (counts.get(endpointId) ?? 0) + 1)
  return counts
}

// Next: worker/lanes/lanes.ts
