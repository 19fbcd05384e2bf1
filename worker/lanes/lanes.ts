// Stop 4: one lane per endpoint: bounded, fair, isolated. What a lane cannot send soon is never claimed for it: it stays
// pending in the table, where it costs nobody anything.
import type { Endpoint } from '../../delivery/endpoint.ts'
import type { EndpointId, Leased } from '../../delivery/types.ts'
import type { Rooms } from '../../drizzle/store.ts'
import { type Held, Lane, latestStartMs } from './lane.ts'

/** Deliveries held at once over all lanes. */
const maxHeld = 4_000
/** Deliveries claimed in one statement, at most. */
const maxPerClaim = 500
/** What has waited longer than this in a lane that became slow goes back to the table. */
const stalestMs = 2_000
/** With our own network down: the pause between two tries to see whether it is back. Others send meanwhile. */
const feelingPauseMs = 5_000

export interface LanesPorts {
  /** Makes the attempt and records it; never throws. */
  readonly attempt: (delivery: Leased, endpoint: Endpoint) => Promise<void>
  readonly giveBack: (deliveries: readonly Leased[]) => Promise<void>
  /** A lane that may have more waiting in the table has room again. */
  readonly onRoom: () => void
  readonly clock: () => number
}

export class Lanes {
  readonly #ports: LanesPorts
  readonly #lanes = new Map<EndpointId, Lane>()
  readonly #idle: (() => void)[] = []
  /** Listeners that share what an endpoint may have in flight. */
  #sharers = 1
  #held = 0
  #paused = false
  /** Our own network seems to be down: one delivery now and then, to notice when it is back. */
  #feeling = false
  #feelAgain: NodeJS.Timeout | null = null
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

  get sharers(): number {
    return this.#sharers
  }

  share(listeners: number): void {
    this.#sharers = listeners
  }

  /** How many deliveries may be claimed now, over all lanes. */
  leaseLimit(): number {
    if (this.#paused) return 0
    if (this.#feeling) return this.#held === 0 && this.#feelAgain === null ? 1 : 0
    this.#full = this.#held >= maxHeld
    return Math.min(maxPerClaim, maxHeld - this.#held)
  }

  /** Promises a statement what the lanes in use have room for; every other lane has room for what its endpoint may have in flight. */
  promise(): Rooms {
    const rooms = new Map<EndpointId, { room: number; held: number }>()
    for (const [id, lane] of this.#lanes) {
      const room = lane.promised ? 0 : lane.room
      if (room === lane.maxInFlight) continue
      if (room > 0) lane.promised = true
      rooms.set(id, { room, held: lane.held })
    }
    return rooms
  }

  /** The statement has ended, whatever came of it: its room is there for what another one had to leave waiting. */
  unpromise(rooms: Rooms): void {
    let hasRoom = false
    for (const [id, { room }] of rooms) {
      const lane = this.#lanes.get(id)
      if (lane === undefined) continue
      if (room > 0) lane.promised = false
      if (!lane.promised && takeHunger(lane)) hasRoom = true
    }
    if (hasRoom) this.#ports.onRoom()
  }

  /**
   * Takes what a statement brought, and notes which lanes it filled. `rooms` is what it was told, `asked` when, `what` it
   * looked at: a lane that something due did not fill has nothing more in the table; of one that new events did not fill,
   * nothing is known. Slots count from the statement itself: where its answer took long, because this process stood still,
   * they may have gone by.
   */
  add(
    deliveries: readonly Leased[],
    endpointOf: (delivery: Leased) => Endpoint,
    rooms: Rooms,
    { asked, what }: { asked: number; what: 'new' | 'due' },
  ): void {
    const now = this.#ports.clock()
    const claimed = Math.min(now, asked + latestStartMs)
    const brought = new Map<EndpointId, number>()
    for (const delivery of deliveries) {
      const endpoint = endpointOf(delivery)
      const startAt = delivery.startIn === null ? now : claimed + delivery.startIn * 1000
      this.#lane(endpoint).waiting.push({ delivery, endpoint, startAt })
      brought.set(endpoint.id, (brought.get(endpoint.id) ?? 0) + 1)
    }
    this.#held += deliveries.length
    for (const [id, lane] of this.#lanes) {
      const isFilled = (brought.get(id) ?? 0) >= (rooms.get(id)?.room ?? lane.maxInFlight)
      lane.hungry = isFilled || (lane.hungry && what === 'new')
    }
    this.#giveBackSurplus(brought.keys())
    for (const id of brought.keys()) this.#start(this.#lanes.get(id)!)
  }

  /** Two statements at a time may fill a lane that was empty: what is too much waits in the table, as it would have. */
  #giveBackSurplus(ids: Iterable<EndpointId>): void {
    const back: Leased[] = []
    for (const id of ids) {
      const lane = this.#lanes.get(id)!
      const surplus = lane.takeSurplus()
      if (surplus.length > 0) lane.hungry = true
      back.push(...surplus)
    }
    this.#handBack(back)
  }

  /** The database does not take settlements: nothing is started, and what has not been started goes back. */
  pause(): void {
    if (this.#paused) return
    this.#paused = true
    this.#giveBack(() => true)
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#ports.onRoom()
  }

  /** Feels its way, one delivery now and then, or goes on as usual. */
  feel(carefully: boolean): void {
    if (this.#feeling === carefully) return
    this.#feeling = carefully
    if (carefully) this.#giveBack(() => true)
    else this.#ports.onRoom()
  }

  #pauseFeeling(): void {
    this.#feelAgain ??= setTimeout(() => {
      this.#feelAgain = null
      this.#ports.onRoom()
    }, feelingPauseMs).unref()
  }

  /** Once a second: forgets lanes that are out of use, gives back what got stuck behind a lane that became slow. */
  tick(): void {
    this.#giveBackStale()
    for (const [id, lane] of this.#lanes) {
      if (lane.isUnused) this.#lanes.delete(id)
      lane.turnSecond()
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
    lane.maxInFlight = Math.ceil(endpoint.maxInFlight / this.#sharers)
    return lane
  }

  #start(lane: Lane): void {
    // A process that was frozen for long thaws here: others may have what it held, and will have sent it.
    if (lane.isOlderThan(this.#ports.clock() - stalestMs)) this.#giveBackStale()
    this.#giveBackMissed(lane)
    while (!this.#paused) {
      const next = lane.next(this.#ports.clock(), () => this.#start(lane))
      if (next === null) return
      void this.#ports.attempt(next.delivery, next.endpoint).then(() => this.#finish(lane))
    }
  }

  #finish(lane: Lane): void {
    lane.finish()
    this.#held--
    this.#start(lane)
    const hasRoom = takeHunger(lane)
    if (this.#feeling) this.#pauseFeeling()
    else if (hasRoom || (this.#full && this.#held <= maxHeld / 2)) this.#ports.onRoom()
    if (this.#held === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }

  #giveBack(which: (held: Held) => boolean, onGiven = () => {}): void {
    const back: Leased[] = []
    for (const lane of this.#lanes.values()) back.push(...lane.take(which))
    this.#handBack(back, onGiven)
  }

  #handBack(back: readonly Leased[], onGiven = () => {}): void {
    this.#held -= back.length
    if (back.length > 0) void this.#ports.giveBack(back).then(onGiven)
  }

  /** Whoever has room for them may claim them again, and be it this process. */
  #giveBackStale(): void {
    const stale = this.#ports.clock() - stalestMs
    this.#giveBack(held => held.startAt < stale, this.#ports.onRoom)
  }

  /** They get another slot, from whoever claims them next. */
  #giveBackMissed(lane: Lane): void {
    this.#handBack(lane.takeMissed(this.#ports.clock()), this.#ports.onRoom)
  }
}

/** Whether a lane that may have more waiting has room for it by now; then somebody goes and looks. */
function takeHunger(lane: Lane): boolean {
  const hasRoom = lane.hungry && lane.room >= lane.capacity / 2
  if (hasRoom) lane.hungry = false
  return hasRoom
}
