// Stop 3: wakes up, fans out what is new, hands it to the lanes. A notification is a hint, the tables are the truth.
import type { FanOutMeta, Heartbeat, Store } from '../../drizzle/store.ts'
import { sqlstate } from '../database.ts'
import type { Lanes } from '../lanes/lanes.ts'
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
/** Pause after a fan-out from which nothing could leave: the lanes are full, but others may be waiting. */
const breathMs = 20
const rescueLimit = 500

export interface FanOutLoopPorts {
  readonly store: Store
  readonly lanes: Lanes
  readonly leasing: Leasing
  readonly claimer: ClaimLoop
  readonly suppression: NotifySuppression
  readonly log: Log
  /** Where an endpoint has none of its own. */
  readonly retrySchedule: readonly number[]
}

export class FanOutLoop {
  readonly #ports: FanOutLoopPorts
  readonly #loop: Loop
  readonly #bound = new FanOutBound()
  #readOnly = false
  /** Somebody woke us, and what for nobody said: it may be something due. */
  #woken = true
  /** The lanes hold all they may. */
  #full = false
  #fanOutLimit = maxEvents

  constructor(ports: FanOutLoopPorts) {
    this.#ports = ports
    this.#loop = new Loop({
      statement: 'fan_out',
      complaint: 'could not fan out, will try again',
      log: ports.log,
      work: async () => {
        await this.#drain()
        return ports.suppression.rest()
      },
    })
  }

  start(): void {
    this.#loop.start()
    this.#ports.claimer.start()
  }

  wake(): void {
    this.#woken = true
    this.#loop.ring()
  }

  /** A lane that may have more waiting has room again. */
  noteRoom(): void {
    this.#ports.claimer.wake()
    if (this.#full) this.wake()
  }

  /** A new session listens: anything may have happened meanwhile. */
  lookAtEverything(): void {
    this.#bound.reset()
    this.#ports.claimer.wake()
    this.wake()
  }

  /** What the heartbeat saw. */
  async note(heartbeat: Heartbeat): Promise<void> {
    this.#readOnly = heartbeat.readOnly
    if (heartbeat.work) this.lookAtEverything()
    if (heartbeat.readOnly) return
    if ((await this.#ports.leasing.releaseLost()) > 0) this.#ports.claimer.wake()
    if (heartbeat.expired) await this.#rescue()
  }

  async stop(): Promise<void> {
    await Promise.all([this.#loop.stop(), this.#ports.claimer.stop()])
  }

  /** Fans out until no event waits for it. */
  async #drain(): Promise<void> {
    const { lanes, claimer, suppression } = this.#ports
    while (!this.#loop.isStopping && !this.#readOnly) {
      const leaseLimit = lanes.leaseLimit()
      this.#full = leaseLimit === 0
      if (this.#full) return
      const woken = this.#woken
      this.#woken = false
      const meta = await this.#fanOut(leaseLimit)
      if (woken || meta.fanned > 0) claimer.lookSoon()
      if (!meta.isCut) return
      suppression.strain()
      if (meta.created > 0 && meta.leftPending === meta.created) await this.#loop.wait(breathMs)
    }
  }

  /** `isCut`: there may be more events than it was allowed to take. */
  async #fanOut(leaseLimit: number): Promise<FanOutMeta & { isCut: boolean }> {
    const { store, leasing, claimer, suppression } = this.#ports
    const fanOutLimit = this.#fanOutLimit
    const stance = suppression.stance
    const { deliveries, meta } = await leasing.take('new', leaseLimit, request =>
      store.fanOut({ ...request, fanOutLimit, fanOutFrom: this.#bound.from }),
    )
    const isCut = meta.fanned === fanOutLimit
    const sawAll = meta.hadTurn && !isCut
    this.#bound.note(meta, sawAll)
    suppression.note(meta, sawAll, stance)
    this.#fanOutLimit = nextFanOutLimit(meta, fanOutLimit)
    if (meta.nextOpenIn !== null) claimer.wakeIn(meta.nextOpenIn)
    // What all senders decide together, and what was more than one statement may lease.
    if (meta.leftCoordinated > 0 || (meta.leftPending > 0 && deliveries.length === leaseLimit)) claimer.wake()
    return { ...meta, isCut }
  }

  async #rescue(): Promise<void> {
    const { store, log, claimer, retrySchedule } = this.#ports
    try {
      const rescued = await store.rescue(rescueLimit, retrySchedule)
      if (rescued === 0) return
      log.warn({ deliveries: rescued }, 'took back what others had held past their lease')
      claimer.wake()
    } catch (error) {
      log.error({ statement: 'rescue', sqlstate: sqlstate(error) }, 'will try again at the next heartbeat')
    }
  }
}

/** As many events as make about one budget of deliveries; fewer while most of them could only be left waiting. */
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
