// Stop 4: one lane per endpoint: bounded, fair, isolated. What a lane cannot send soon is never claimed for it: it stays
// pending in the table, where it costs nobody anything.
import type { Endpoint, EndpointId, Leased } from '../delivery/types.ts'

/** Deliveries held at once over all lanes. */
const mostHeld = 4_000
/** Deliveries claimed in one statement, at most. */
const mostPerClaim = 500
/** A fast lane holds what it sends in this time in stock, so that it never waits for the next claim. */
const stockSeconds = 0.1
const mostStock = 1_000
/** What has waited longer than this in a lane that became slow goes back to the table. */
const stalestMs = 2_000

export interface LanesPorts {
  /** Makes the attempt and records it; never throws. */
  readonly attempt: (delivery: Leased, endpoint: Endpoint) => Promise<void>
  readonly giveBack: (deliveries: readonly Leased[]) => void
  /** A lane that may have more waiting in the table has room again. */
  readonly onRoom: () => void
  readonly clock: () => number
}

interface Held {
  readonly delivery: Leased
  readonly endpoint: Endpoint
  readonly since: number
}

class Lane {
  readonly waiting: Held[] = []
  inFlight = 0
  maxInFlight = 1
  /** The last claim filled this lane: there may be more for it in the table. */
  hungry = false
  /** Attempts finished in the second before the present one, and so far in the present one. */
  lastSecond = 0
  thisSecond = 0

  get held(): number {
    return this.waiting.length + this.inFlight
  }

  get capacity(): number {
    const perSecond = Math.max(this.lastSecond, this.thisSecond)
    return this.maxInFlight + Math.min(mostStock, Math.floor(perSecond * stockSeconds))
  }

  get room(): number {
    return Math.max(0, this.capacity - this.held)
  }
}

export class Lanes {
  readonly #ports: LanesPorts
  readonly #lanes = new Map<EndpointId, Lane>()
  readonly #idle: (() => void)[] = []
  #held = 0
  #paused = false
  /** A claim was not made because all lanes together hold enough. */
  #full = false

  constructor(ports: LanesPorts) {
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

  /** How many deliveries may be claimed now, over all lanes. */
  leaseLimit(): number {
    if (this.#paused) return 0
    this.#full = this.#held >= mostHeld
    return Math.min(mostPerClaim, mostHeld - this.#held)
  }

  /** What the lanes in use have room for; every other lane is empty. */
  rooms(): Map<EndpointId, number> {
    const rooms = new Map<EndpointId, number>()
    for (const [id, lane] of this.#lanes) rooms.set(id, lane.room)
    return rooms
  }

  /** Takes what a claim brought, and notes which lanes it filled. `rooms` is what the claim was told. */
  add(
    deliveries: readonly Leased[],
    endpointOf: (delivery: Leased) => Endpoint,
    rooms: Map<EndpointId, number>,
  ): void {
    const since = this.#ports.clock()
    const brought = new Map<EndpointId, number>()
    for (const delivery of deliveries) {
      const endpoint = endpointOf(delivery)
      const lane = this.#lane(endpoint)
      lane.waiting.push({ delivery, endpoint, since })
      brought.set(endpoint.id, (brought.get(endpoint.id) ?? 0) + 1)
    }
    this.#held += deliveries.length
    for (const [id, lane] of this.#lanes) {
      lane.hungry = (brought.get(id) ?? 0) >= (rooms.get(id) ?? lane.maxInFlight)
    }
    for (const id of brought.keys()) this.#start(this.#lanes.get(id)!)
  }

  /** The database does not take settlements: nothing is started, and what has not been started goes back. */
  pause(): void {
    this.#paused = true
    this.#giveBack(() => true)
  }

  resume(): void {
    this.#paused = false
    this.#ports.onRoom()
  }

  /** Once a second: forgets lanes that are out of use, gives back what got stuck behind a lane that became slow. */
  tick(): void {
    const stale = this.#ports.clock() - stalestMs
    this.#giveBack(held => held.since < stale)
    for (const [id, lane] of this.#lanes) {
      if (lane.held === 0 && lane.thisSecond === 0 && lane.lastSecond === 0) this.#lanes.delete(id)
      lane.lastSecond = lane.thisSecond
      lane.thisSecond = 0
    }
  }

  /** Nothing new is started, what is in flight is finished. */
  async drain(): Promise<void> {
    this.pause()
    if (this.#held > 0) await new Promise<void>(resolve => this.#idle.push(resolve))
  }

  #lane(endpoint: Endpoint): Lane {
    let lane = this.#lanes.get(endpoint.id)
    if (lane === undefined) {
      lane = new Lane()
      this.#lanes.set(endpoint.id, lane)
    }
    lane.maxInFlight = endpoint.maxInFlight
    return lane
  }

  #start(lane: Lane): void {
    while (!this.#paused && lane.inFlight < lane.maxInFlight && lane.waiting.length > 0) {
      const { delivery, endpoint } = lane.waiting.shift()!
      lane.inFlight++
      void this.#ports.attempt(delivery, endpoint).then(() => this.#finish(lane))
    }
  }

  #finish(lane: Lane): void {
    lane.inFlight--
    lane.thisSecond++
    this.#held--
    this.#start(lane)
    const hasRoom = lane.hungry && lane.room >= lane.capacity / 2
    if (hasRoom) lane.hungry = false
    if (hasRoom || (this.#full && this.#held <= mostHeld / 2)) this.#ports.onRoom()
    if (this.#held === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }

  #giveBack(which: (held: Held) => boolean): void {
    const back: Leased[] = []
    for (const lane of this.#lanes.values()) {
      if (lane.waiting.length === 0) continue
      const all = lane.waiting.splice(0)
      for (const held of all) {
        if (which(held)) back.push(held.delivery)
        else lane.waiting.push(held)
      }
    }
    this.#held -= back.length
    if (back.length > 0) this.#ports.giveBack(back)
  }
}
