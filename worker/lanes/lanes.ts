// Step 4: one lane per endpoint: bounded, fair, isolated. What a lane cannot send soon is never claimed for it: it stays
// pending in the table, where it holds up nothing.
import { EventEmitter } from 'node:events'
import type { Endpoint } from '../../delivery/endpoint.ts'
import type { EndpointId, Leased } from '../../delivery/types.ts'
import type { Capacities } from '../../drizzle/store.ts'
import { eventsThatFit, type Fit } from './events-that-fit.ts'
import { Intake } from './intake.ts'
import { type Held, Lane, maxLatenessMs } from './lane.ts'
import type { Asked, LanesPorts } from './ports.ts'

/** What has waited longer than this in a lane that became slow is released. */
const maxWaitMs = 2_000

type LanesEvents = {
  /** A lane that may have more waiting in the table has free capacity again. */
  capacity: []
  /** A statement filled a lane, and may have left something in the table for it. */
  filled: []
  /** One of the lanes that the fan-out waits for has free capacity again. */
  awaited: []
}

export class Lanes extends EventEmitter<LanesEvents> {
  readonly #ports: LanesPorts
  readonly #lanes = new Map<EndpointId, Lane>()
  readonly #intake = new Intake()
  readonly #onEmpty: (() => void)[] = []
  /** Listeners that share what an endpoint may have in flight. */
  #sharers = 1
  #held = 0

  constructor(ports: LanesPorts) {
    super()
    this.#ports = ports
  }

  get held(): number {
    return this.#held
  }

  get inFlight(): number {
    let sum = 0
    for (const lane of this.#lanes.values()) sum += lane.inFlight
    return sum
  }

  /** Lanes in use. */
  get open(): number {
    return this.#lanes.size
  }

  /** Some lane was filled, and has not had capacity again. */
  get mayHaveMore(): boolean {
    for (const lane of this.#lanes.values()) if (lane.mayHaveMore) return true
    return false
  }

  get sharers(): number {
    return this.#sharers
  }

  share(listeners: number): void {
    this.#sharers = listeners
  }

  /** How many deliveries may be claimed now, over all lanes. */
  leaseLimit(): number {
    return this.#intake.leaseLimit(this.#held)
  }

  eventsThatFit(): Fit {
    return eventsThatFit(this.#lanes.values())
  }

  /** Says so, by an event, when one of the lanes that get new events has capacity again. */
  awaitCapacity(): void {
    for (const lane of this.#lanes.values()) if (lane.share > 0) lane.isAwaited = true
  }

  /** What a fan-out of so many events meant for each lane: deliveries that it brought, and those that found no capacity. */
  noteShares(events: number, deliveries: ReadonlyMap<EndpointId, number>): void {
    const now = this.#ports.clock()
    for (const [id, count] of deliveries) this.#lanes.get(id)?.noteShare(count / events, now)
  }

  /**
   * Reserves for a statement a share of what the lanes in use have free; any other lane has as much as its endpoint may have
   * in flight. What is reserved for one statement is not offered to another. A claim sees what was left in the table before
   * it starts, and not what a fan-out leaves there meanwhile.
   */
  reserve(what: 'new' | 'due'): Capacities {
    const capacities = new Map<EndpointId, { capacity: number; held: number }>()
    for (const [id, lane] of this.#lanes) {
      if (what === 'due' && lane.freeCapacity > 0) lane.mayHaveMore = false
      if (lane.freeCapacity === lane.maxInFlight) continue
      capacities.set(id, { capacity: lane.reserve(), held: lane.held })
    }
    return capacities
  }

  /** The statement has ended, well or not: its capacity is free for what another statement had to leave waiting. */
  endReservation(capacities: Capacities): void {
    let needsMore = false
    for (const [id, { capacity }] of capacities) {
      const lane = this.#lanes.get(id)
      if (lane === undefined) continue
      lane.endReservation(capacity)
      if (lane.needsMore()) needsMore = true
    }
    if (needsMore) this.emit('capacity')
  }

  /**
   * Takes what a statement brought, and notes which lanes it filled if it may have left something. Slots count from the
   * statement itself: if its answer took long, because this process stood still, they may have passed. The leases too: what
   * other senders may have sent by now is given back.
   */
  add(
    deliveries: readonly Leased[],
    endpointOf: (delivery: Leased) => Endpoint,
    { capacities, askedAt, leaseMs, leftMore }: Asked,
  ): void {
    const now = this.#ports.clock()
    this.#held += deliveries.length
    if (now >= askedAt + leaseMs) {
      this.#release(deliveries, this.#onReleased)
      return
    }
    const claimedAt = Math.min(now, askedAt + maxLatenessMs)
    const brought = new Map<EndpointId, number>()
    for (const delivery of deliveries) {
      const endpoint = endpointOf(delivery)
      const startAt = delivery.startIn === null ? now : claimedAt + delivery.startIn * 1000
      this.#lane(endpoint).waiting.push({ delivery, endpoint, startAt })
      brought.set(endpoint.id, (brought.get(endpoint.id) ?? 0) + 1)
    }
    for (const [id, lane] of leftMore ? this.#lanes : []) {
      if ((brought.get(id) ?? 0) >= (capacities.get(id)?.capacity ?? lane.maxInFlight))
        lane.mayHaveMore = true
    }
    if (leftMore && this.mayHaveMore) this.emit('filled')
    this.#releaseSurplus(brought.keys())
    for (const id of brought.keys()) this.#start(this.#lanes.get(id)!)
  }

  /** The database does not take settlements: nothing is started, and what has not been started is released. */
  pause(): void {
    if (this.#intake.setPaused(true)) this.#releaseWaiting(() => true)
  }

  resume(): void {
    if (this.#intake.setPaused(false)) this.emit('capacity')
  }

  /** While our own network is down: one delivery now and then, to notice when it is back. */
  setProbing(probing: boolean): void {
    if (!this.#intake.setProbing(probing)) return
    if (probing) this.#releaseWaiting(() => true)
    else this.emit('capacity')
  }

  /** Once a second: forgets unused lanes, and releases what is stuck in a lane that became slow. */
  tick(): void {
    this.#releaseStale()
    for (const [id, lane] of this.#lanes) {
      if (lane.isUnused) this.#lanes.delete(id)
      lane.turnSecond()
      lane.forgetOldShare(this.#ports.clock())
    }
  }

  /** Nothing new is started, what is in flight is finished. */
  async drain(): Promise<void> {
    this.pause()
    if (this.#held > 0) await new Promise<void>(resolve => this.#onEmpty.push(resolve))
  }

  #lane(endpoint: Endpoint): Lane {
    let lane = this.#lanes.get(endpoint.id)
    if (lane === undefined) {
      lane = new Lane()
      this.#lanes.set(endpoint.id, lane)
    }
    lane.maxInFlight = Math.ceil(endpoint.maxInFlight / this.#sharers)
    return lane
  }

  #start(lane: Lane): void {
    // A process that was frozen for long goes on here. Other senders may hold and have sent by now what it held.
    if (lane.isOlderThan(this.#ports.clock() - maxWaitMs)) this.#releaseStale()
    this.#releaseMissed(lane)
    while (!this.#intake.isPaused) {
      const next = lane.next(this.#ports.clock(), () => this.#start(lane))
      if (next === null) return
      this.#ports.attempt(next.delivery, next.endpoint, () => this.#finish(lane))
    }
  }

  #finish(lane: Lane): void {
    lane.finish()
    this.#held--
    this.#start(lane)
    if (lane.endsWait()) this.emit('awaited')
    const needsMore = lane.needsMore()
    if (this.#intake.isProbing) this.#intake.pauseProbing(() => this.emit('capacity'))
    else if (needsMore || this.#intake.hasRecovered(this.#held)) this.emit('capacity')
    if (this.#held === 0) for (const resolve of this.#onEmpty.splice(0)) resolve()
  }

  /** Two statements at a time may fill a lane that was empty: the surplus waits in the table, as it would have. */
  #releaseSurplus(ids: Iterable<EndpointId>): void {
    const crowded: Lane[] = []
    const all: Leased[] = []
    for (const id of ids) {
      const lane = this.#lanes.get(id)!
      const surplus = lane.takeSurplus()
      if (surplus.length > 0) crowded.push(lane)
      all.push(...surplus)
    }
    // Not before: a claim that came between would not see them.
    this.#release(all, () => this.#noteMore(crowded))
  }

  #noteMore(lanes: readonly Lane[]): void {
    for (const lane of lanes) lane.mayHaveMore = true
    if (lanes.some(lane => lane.needsMore())) this.emit('capacity')
  }

  /** Any sender with capacity may claim it again, including this process. */
  #releaseStale(): void {
    const staleSince = this.#ports.clock() - maxWaitMs
    this.#releaseWaiting(held => held.startAt < staleSince, this.#onReleased)
  }

  /** They get other slots when they are claimed again. */
  #releaseMissed(lane: Lane): void {
    this.#release(lane.takeMissed(this.#ports.clock()), this.#onReleased)
  }

  readonly #onReleased = () => void this.emit('capacity')

  #releaseWaiting(which: (held: Held) => boolean, onReleased?: () => void): void {
    const all: Leased[] = []
    for (const lane of this.#lanes.values()) all.push(...lane.take(which))
    this.#release(all, onReleased)
  }

  #release(deliveries: readonly Leased[], onReleased = () => {}): void {
    this.#held -= deliveries.length
    if (deliveries.length > 0) void this.#ports.release(deliveries).then(onReleased)
  }
}

// Next: drizzle/queries/fan_out.sql
