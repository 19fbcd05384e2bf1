// Stop 3: wakes up, fans out what is new, claims what is due, hands over to the lanes. A notification is a hint, the
// tables are the truth.
import type { EndpointId, Leased } from '../delivery/types.ts'
import type { FanOutMeta, Look, Rooms, Store } from '../drizzle/store.ts'
import { Bell } from './bell.ts'
import { sqlstate } from './database.ts'
import type { Directory } from './directory.ts'
import { FanoutBound } from './fanout-bound.ts'
import type { Lanes } from './lanes.ts'
import type { Log } from './log.ts'
import type { Wakefulness } from './wakefulness.ts'

/** Deliveries one fan-out should make, about: bounds the time that one statement takes. */
const fanoutBudget = 1_000
const fewestEvents = 20
const mostEvents = 500
/** Endpoints one claim looks at. */
const ringSteps = 500
/** What one endpoint gets at a time where so many wait that one claim can't serve them all. */
const smallPortion = 8
/** Pause after a fan-out from which nothing could leave: the lanes are full, but others may be waiting. */
const breathMs = 20
const reclaimLimit = 500
/** While the database does not take the claim. */
const shortestPauseMs = 100
const longestPauseMs = 5_000
/** Longer than any statement may take (worker/database.ts). */
const mayStillRunMs = 25_000
/** While events come, what is due is looked at so often: others may have given something back. */
const lookEveryMs = 100
/** Slots of a lane with a rate limit are claimed this long before they come. */
const slotLeadSeconds = 0.15
/** An alarm rings a little late rather than a little early, when nothing is due yet. */
const timerSlackMs = 5
const longestTimerMs = 2 ** 31 - 1

export interface ListenerPorts {
  readonly store: Store
  readonly lanes: Lanes
  readonly wakefulness: Wakefulness
  readonly directory: Directory
  readonly giveBack: (deliveries: readonly Leased[]) => Promise<void>
  readonly log: Log
  readonly name: string
  readonly leaseSeconds: number
  readonly pollSeconds: number
  /** Where an endpoint has none of its own. */
  readonly retrySchedule: readonly number[]
}

export class Listener {
  readonly #ports: ListenerPorts
  readonly #bell = new Bell()
  readonly #bound = new FanoutBound()
  #stopping = false
  #readOnly = false
  /** Something that had to wait may be due. */
  #due = true
  #claimedAt = Number.NEGATIVE_INFINITY
  /** Statements that lease something, so far. */
  #leases = 0
  /** Those whose answers never came. */
  #lost: { lease: string; at: number }[] = []
  #fanoutLimit = mostEvents
  #ringFrom: EndpointId | '0' = '0'
  #alarm: { at: number; timer: NodeJS.Timeout } | null = null
  #running: Promise<void> = Promise.resolve()

  constructor(ports: ListenerPorts) {
    this.#ports = ports
  }

  start(): void {
    this.#running = this.#run()
  }

  /** There may be new events. */
  wake(): void {
    this.#bell.ring()
  }

  /** Something that had to wait may be due. */
  wakeForDue(): void {
    this.#due = true
    this.#bell.ring()
  }

  /** A new session listens: anything may have happened meanwhile. */
  lookAtEverything(): void {
    this.#bound.reset()
    this.wakeForDue()
  }

  /** What the heartbeat saw. */
  async note(look: Look): Promise<void> {
    this.#readOnly = look.readOnly
    if (look.work) this.lookAtEverything()
    if (look.readOnly) return
    await this.#releaseLost()
    if (look.expired) await this.#reclaim()
  }

  /** A retry will be due: look then, and not only at the next poll. */
  wakeIn(seconds: number): void {
    const at = performance.now() + seconds * 1000 + timerSlackMs
    if (this.#stopping || (this.#alarm !== null && this.#alarm.at <= at)) return
    clearTimeout(this.#alarm?.timer)
    const ring = () => {
      this.#alarm = null
      this.wakeForDue()
    }
    this.#alarm = { at, timer: setTimeout(ring, Math.min(at - performance.now(), longestTimerMs)) }
  }

  async stop(): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#alarm?.timer)
    this.#bell.ring()
    await this.#running
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#stopping; ) {
      let restMs: number
      try {
        await this.#drain()
        restMs = await this.#ports.wakefulness.rest()
        failures = 0
      } catch (error) {
        restMs = Math.min(longestPauseMs, shortestPauseMs * 2 ** failures++)
        this.#ports.log.error(
          { statement: 'claim', sqlstate: sqlstate(error), failures },
          'could not claim, will try again',
        )
      }
      if (!this.#stopping) await this.#bell.wait(restMs)
    }
  }

  /**
   * Goes on until the tables have nothing more that the lanes could take. What has waited goes first. Without it a new
   * event is one short statement away from its lane: that is why the two are not one.
   */
  async #drain(): Promise<void> {
    while (!this.#stopping && !this.#readOnly) {
      if (this.#ports.lanes.leaseLimit() === 0) return
      const claimed = this.#due ? await this.#claim() : 0
      const { more, full } = await this.#fanOut()
      this.#planClaim()
      if (!more && !this.#due) return
      this.#ports.wakefulness.strain()
      if (full && claimed === 0) await this.#bell.wait(breathMs)
    }
  }

  /** New events become deliveries. `full`: none of them could leave. */
  async #fanOut(): Promise<{ more: boolean; full: boolean }> {
    const { store, lanes, wakefulness } = this.#ports
    const leaseLimit = lanes.leaseLimit()
    const fanoutLimit = this.#fanoutLimit
    const stance = wakefulness.stance
    const { deliveries, meta } = await this.#lease('new', leaseLimit, request =>
      store.fanOut({ ...request, fanoutLimit, fanoutFrom: this.#bound.from }),
    )
    const sawAll = meta.hadTurn && meta.fanned < fanoutLimit
    this.#bound.note(meta, sawAll)
    wakefulness.note(meta, sawAll, stance)
    this.#fanoutLimit = nextFanoutLimit(meta, fanoutLimit)
    if (meta.nextOpenIn !== null) this.wakeIn(meta.nextOpenIn)
    const isCut = meta.bornWaiting > 0 && deliveries.length === leaseLimit
    if (meta.bornGuarded > 0 || isCut) this.#due = true
    return {
      more: meta.fanned === fanoutLimit,
      full: deliveries.length === 0 && meta.born > 0 && meta.bornWaiting === meta.born,
    }
  }

  /** Leases what is due; returns how many. */
  async #claim(): Promise<number> {
    const { store, lanes } = this.#ports
    const leaseLimit = lanes.leaseLimit()
    const ringFrom = this.#ringFrom
    this.#due = false
    this.#claimedAt = performance.now()
    try {
      const { deliveries, meta } = await this.#lease('due', leaseLimit, request =>
        store.claim({
          ...request,
          defaultRoom: ringFrom === '0' ? leaseLimit : smallPortion,
          ringFrom,
          ringSteps,
        }),
      )
      this.#ringFrom = meta.ringTo ?? '0'
      if (meta.nextDueIn !== null) this.wakeIn(meta.nextDueIn)
      if (meta.nextSlotIn !== null) this.wakeIn(Math.max(0.01, meta.nextSlotIn - slotLeadSeconds))
      if (deliveries.length === leaseLimit || meta.ringTo !== null || ringFrom !== '0') this.#due = true
      return deliveries.length
    } catch (error) {
      this.#due = true
      throw error
    }
  }

  /** Where there are events, what is due gets its look, too, if not too often. */
  #planClaim(): void {
    const waitMs = this.#claimedAt + lookEveryMs - performance.now()
    if (waitMs <= 0) this.#due = true
    else this.wakeIn(waitMs / 1000)
  }

  /** What both statements have in common: who asks, and what happens with the deliveries they bring. */
  async #lease<Meta>(
    what: 'new' | 'due',
    leaseLimit: number,
    statement: (request: {
      lease: string
      leaseSeconds: number
      leaseLimit: number
      defaultRoom: number
      rooms: Rooms
      sharers: number
    }) => Promise<{ deliveries: Leased[]; meta: Meta }>,
  ): Promise<{ deliveries: Leased[]; meta: Meta }> {
    const { lanes, directory, name, leaseSeconds } = this.#ports
    const rooms = lanes.rooms()
    const lease = `${name}:${++this.#leases}`
    const asked = performance.now()
    const { sharers } = lanes
    const brought = await statement({
      lease,
      leaseSeconds,
      leaseLimit,
      defaultRoom: leaseLimit,
      rooms,
      sharers,
    }).catch(error => {
      const now = performance.now()
      this.#lost = [...this.#lost.filter(({ at }) => now - at < leaseSeconds * 1000), { lease, at: now }]
      throw error
    })
    await this.#loadEndpoints(brought.deliveries)
    lanes.add(brought.deliveries, delivery => directory.of(delivery), rooms, { asked, what })
    return brought
  }

  async #loadEndpoints(deliveries: readonly Leased[]): Promise<void> {
    try {
      await this.#ports.directory.load(deliveries)
    } catch (error) {
      void this.#ports.giveBack(deliveries)
      throw error
    }
  }

  /** The server may have carried out a claim whose answer never came, also a while after the link broke. */
  async #releaseLost(): Promise<void> {
    const lost = this.#lost
    if (lost.length === 0) return
    const { store, log } = this.#ports
    try {
      const released = await store.releaseLost(lost.map(({ lease }) => lease))
      this.#lost = this.#lost.filter(({ at }) => performance.now() - at < mayStillRunMs)
      if (released > 0) log.warn({ deliveries: released }, 'gave back what was claimed when the link broke')
      if (released > 0) this.wakeForDue()
    } catch (error) {
      log.error({ statement: 'release_lost', sqlstate: sqlstate(error) }, 'their leases will run out')
    }
  }

  async #reclaim(): Promise<void> {
    const { store, log, retrySchedule } = this.#ports
    try {
      const reclaimed = await store.reclaim(reclaimLimit, retrySchedule)
      if (reclaimed > 0)
        log.warn({ deliveries: reclaimed }, 'took back what others had held past their lease')
      if (reclaimed > 0) this.wakeForDue()
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
