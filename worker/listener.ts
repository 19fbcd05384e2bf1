// Stop 3: wakes up, fans out what is new, hands it to the lanes. A notification is a hint, the tables are the truth.
import type { FanOutMeta, Look, Store } from '../drizzle/store.ts'
import type { Claimer } from './claimer.ts'
import { sqlstate } from './database.ts'
import { FanoutBound } from './fanout-bound.ts'
import type { Lanes } from './lanes.ts'
import type { Leasing } from './leasing.ts'
import type { Log } from './log.ts'
import { Loop } from './loop.ts'
import type { Wakefulness } from './wakefulness.ts'

/** Deliveries one fan-out should make, about: bounds the time that one statement takes. */
const fanoutBudget = 1_000
const fewestEvents = 20
const mostEvents = 500
/** Pause after a fan-out from which nothing could leave: the lanes are full, but others may be waiting. */
const breathMs = 20
const reclaimLimit = 500

export interface ListenerPorts {
  readonly store: Store
  readonly lanes: Lanes
  readonly leasing: Leasing
  readonly claimer: Claimer
  readonly wakefulness: Wakefulness
  readonly log: Log
  /** Where an endpoint has none of its own. */
  readonly retrySchedule: readonly number[]
}

export class Listener {
  readonly #ports: ListenerPorts
  readonly #loop: Loop
  readonly #bound = new FanoutBound()
  #readOnly = false
  /** Somebody woke us, and what for nobody said: it may be something due. */
  #woken = true
  /** The lanes hold all they may. */
  #full = false
  #fanoutLimit = mostEvents

  constructor(ports: ListenerPorts) {
    this.#ports = ports
    this.#loop = new Loop({
      statement: 'fan_out',
      complaint: 'could not fan out, will try again',
      log: ports.log,
      work: async () => {
        await this.#drain()
        return ports.wakefulness.rest()
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
  async note(look: Look): Promise<void> {
    this.#readOnly = look.readOnly
    if (look.work) this.lookAtEverything()
    if (look.readOnly) return
    if ((await this.#ports.leasing.releaseLost()) > 0) this.#ports.claimer.wake()
    if (look.expired) await this.#reclaim()
  }

  async stop(): Promise<void> {
    await Promise.all([this.#loop.stop(), this.#ports.claimer.stop()])
  }

  /** Fans out until no event waits for it. */
  async #drain(): Promise<void> {
    const { lanes, claimer, wakefulness } = this.#ports
    while (!this.#loop.isStopping && !this.#readOnly) {
      const leaseLimit = lanes.leaseLimit()
      this.#full = leaseLimit === 0
      if (this.#full) return
      const woken = this.#woken
      this.#woken = false
      const meta = await this.#fanOut(leaseLimit)
      if (woken || meta.fanned > 0) claimer.lookSoon()
      if (!meta.isCut) return
      wakefulness.strain()
      if (meta.born > 0 && meta.bornWaiting === meta.born) await this.#loop.wait(breathMs)
    }
  }

  /** `isCut`: there may be more events than it was allowed to take. */
  async #fanOut(leaseLimit: number): Promise<FanOutMeta & { isCut: boolean }> {
    const { store, leasing, claimer, wakefulness } = this.#ports
    const fanoutLimit = this.#fanoutLimit
    const stance = wakefulness.stance
    const { deliveries, meta } = await leasing.take('new', leaseLimit, request =>
      store.fanOut({ ...request, fanoutLimit, fanoutFrom: this.#bound.from }),
    )
    const isCut = meta.fanned === fanoutLimit
    const sawAll = meta.hadTurn && !isCut
    this.#bound.note(meta, sawAll)
    wakefulness.note(meta, sawAll, stance)
    this.#fanoutLimit = nextFanoutLimit(meta, fanoutLimit)
    if (meta.nextOpenIn !== null) claimer.wakeIn(meta.nextOpenIn)
    // What all senders decide together, and what was more than one statement may lease.
    if (meta.bornGuarded > 0 || (meta.bornWaiting > 0 && deliveries.length === leaseLimit)) claimer.wake()
    return { ...meta, isCut }
  }

  async #reclaim(): Promise<void> {
    const { store, log, claimer, retrySchedule } = this.#ports
    try {
      const reclaimed = await store.reclaim(reclaimLimit, retrySchedule)
      if (reclaimed === 0) return
      log.warn({ deliveries: reclaimed }, 'took back what others had held past their lease')
      claimer.wake()
    } catch (error) {
      log.error({ statement: 'reclaim', sqlstate: sqlstate(error) }, 'will try again at the next heartbeat')
    }
  }
}

/** As many events as make about one budget of deliveries; fewer while most of them could only be left waiting. */
function nextFanoutLimit(meta: FanOutMeta, limit: number): number {
  if (meta.fanned === 0) return limit
  const perEvent = Math.max(1, meta.born / meta.fanned)
  const crowded = meta.born > 0 && meta.bornWaiting / meta.born > 0.75
  const wanted = crowded ? limit / 2 : limit * 2
  return Math.max(
    1,
    Math.min(mostEvents, Math.floor(fanoutBudget / perEvent), Math.max(fewestEvents, Math.floor(wanted))),
  )
}
