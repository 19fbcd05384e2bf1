// Step 3: wakes up, fans out new events, and hands the deliveries to the lanes. A notification is a hint, the tables are the
// truth.
import type { FanOutMeta, Store } from '../../drizzle/store.ts'
import { Loop } from '../loop.ts'
import type { Log } from '../observability/log.ts'
import type { NotifySuppression } from '../wake/notify-suppression.ts'
import type { ClaimLoop } from './claim-loop.ts'
import { FanOutBound } from './fan-out-bound.ts'
import type { Leasing } from './leasing.ts'

/** Deliveries one fan-out should make, about: bounds the time that one statement takes. */
const fanOutBudget = 1_000
const minEvents = 20
const maxEvents = 500
/** Pause after a fan-out from which nothing could leave: the lanes are full, but other senders may wait for their turn. */
const fullLanesPauseMs = 20

export interface FanOutLoopPorts {
  readonly store: Pick<Store, 'fanOut'>
  readonly lanes: { leaseLimit(): number }
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
  /** The lanes hold all they may. */
  #full = false
  #fanOutLimit = maxEvents

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
    while (!this.#loop.isStopping && !this.#readOnly) {
      const leaseLimit = lanes.leaseLimit()
      this.#full = leaseLimit === 0
      if (this.#full) return
      const woken = this.#woken
      this.#woken = false
      const meta = await this.#fanOut(leaseLimit)
      if (woken || meta.fanned > 0) claimLoop.recheckSoon()
      if (!meta.isCut) return
      suppression.reportBacklog()
      if (meta.created > 0 && meta.leftPending === meta.created) await this.#loop.wait(fullLanesPauseMs)
    }
  }

  /** `isCut`: there may be more events than it was allowed to take. */
  async #fanOut(leaseLimit: number): Promise<FanOutMeta & { isCut: boolean }> {
    const { store, leasing, claimLoop, suppression } = this.#ports
    const fanOutLimit = this.#fanOutLimit
    const { stateAtStart } = suppression
    const { deliveries, meta } = await leasing.take('new', leaseLimit, request =>
      store.fanOut({ ...request, fanOutLimit, fanOutFrom: this.#bound.from }),
    )
    const isCut = meta.fanned === fanOutLimit
    const sawAll = meta.hadTurn && !isCut
    this.#bound.note(meta, sawAll)
    suppression.note(meta, sawAll, stateAtStart)
    this.#fanOutLimit = nextFanOutLimit(meta, fanOutLimit)
    if (meta.nextOpenIn !== null) claimLoop.wakeIn(meta.nextOpenIn)
    // What all senders decide together, and what was more than one statement may lease.
    if (meta.leftCoordinated > 0 || (meta.leftPending > 0 && deliveries.length === leaseLimit))
      claimLoop.wake()
    return { ...meta, isCut }
  }
}

/** As many events as make about one budget of deliveries; fewer while most deliveries could only be left pending. */
function nextFanOutLimit(meta: FanOutMeta, limit: number): number {
  if (meta.fanned === 0) return limit
  const perEvent = Math.max(1, meta.created / meta.fanned)
  const crowded = meta.created > 0 && meta.leftPending / meta.created > 0.75
  const wanted = crowded ? limit / 2 : limit * 2
  return Math.max(
    1,
    Math.min(maxEvents, Math.floor(fanOutBudget / perEvent), Math.max(minEvents, Math.floor(wanted))),
  )
}

// Next: worker/lanes/lanes.ts
