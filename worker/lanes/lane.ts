// What one endpoint has in flight, and what is prefetched for it.
import type { Endpoint } from '../../delivery/endpoint.ts'
import type { Leased } from '../../delivery/types.ts'

/** A fast lane prefetches what it sends in this time, so that it never waits for the next claim. */
const prefetchSeconds = 0.1
const maxPrefetched = 1_000

/**
 * With a rate limit: a delivery that is later than this has missed its slot. Over all senders the slots are exact, and one
 * that starts later would coincide with those of other senders.
 */
export const maxLatenessMs = 100

/** What a fan-out brought says something about the next ones for so long. */
const shareMemoryMs = 2_000

export interface Held {
  readonly delivery: Leased
  readonly endpoint: Endpoint
  /** Not before this time of the monotonic clock, in milliseconds. */
  readonly startAt: number
}

export class Lane {
  waiting: Held[] = []
  inFlight = 0
  maxInFlight = 1
  /** The last statement filled it: there may be more for it in the table. */
  mayHaveMore = false
  /** Of the events of the last fan-out that brought it something, the part that did; 0 = none has lately. */
  share = 0
  #sharedAt = Number.NEGATIVE_INFINITY
  /** The fan-out waits for some of its capacity. */
  isAwaited = false
  /** Capacity that is reserved for statements under way. */
  #reserved = 0
  /** Attempts finished in the second before the present one, and so far in the present one. */
  #lastSecond = 0
  #thisSecond = 0
  #lastStart = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | null = null

  get held(): number {
    return this.waiting.length + this.inFlight
  }

  get capacity(): number {
    const perSecond = Math.max(this.#lastSecond, this.#thisSecond)
    return this.maxInFlight + Math.min(maxPrefetched, Math.floor(perSecond * prefetchSeconds))
  }

  get freeCapacity(): number {
    return Math.max(0, this.capacity - this.held - this.#reserved)
  }

  get isUnused(): boolean {
    return this.held === 0 && this.#reserved === 0 && this.#lastSecond === 0 && this.#thisSecond === 0
  }

  /** Three quarters of what is free: fan-out and claim run side by side, and neither may leave nothing to the other. */
  get reservable(): number {
    return this.freeCapacity - Math.floor(this.freeCapacity / 4)
  }

  /** Half of it is free: enough for a statement of its own. */
  get isRoomy(): boolean {
    return this.freeCapacity >= this.capacity / 2
  }

  reserve(): number {
    const reserved = this.reservable
    this.#reserved += reserved
    return reserved
  }

  endReservation(reserved: number): void {
    this.#reserved -= reserved
  }

  noteShare(share: number, now: number): void {
    this.share = share
    this.#sharedAt = now
  }

  forgetOldShare(now: number): void {
    if (this.#sharedAt < now - shareMemoryMs) this.share = 0
  }

  /** True once for each time that it was awaited, when it has capacity again. */
  endsWait(): boolean {
    if (!this.isAwaited || !this.isRoomy) return false
    this.isAwaited = false
    return true
  }

  turnSecond(): void {
    this.#lastSecond = this.#thisSecond
    this.#thisSecond = 0
  }

  /** What may start now; null = nothing, and `again` is called when that changes by time alone. */
  next(now: number, again: () => void): Held | null {
    const first = this.waiting[0]
    if (first === undefined || this.inFlight >= this.maxInFlight) return null
    const startAt = Math.max(first.startAt, this.#lastStart + gapMs(first.endpoint))
    if (startAt > now) {
      this.#timer ??= setTimeout(() => {
        this.#timer = null
        again()
      }, startAt - now)
      return null
    }
    this.waiting.shift()
    this.inFlight++
    this.#lastStart = now
    return first
  }

  finish(): void {
    this.inFlight--
    this.#thisSecond++
  }

  /** Takes out what has missed its slot, except one: even a process that is always late makes progress. */
  takeMissed(now: number): Leased[] {
    const first = this.waiting[0]
    if (first === undefined || first.endpoint.ratePerSecond === null) return []
    return this.take(held => held !== first && held.startAt < now - maxLatenessMs)
  }

  /** The first that waits should have started before this time. */
  isOlderThan(time: number): boolean {
    const first = this.waiting[0]
    return first !== undefined && first.startAt < time
  }

  /** Takes out what exceeds its capacity: fan-out and claim may both have filled it. */
  takeSurplus(): Leased[] {
    const surplus = this.held - this.capacity
    return surplus > 0 ? this.waiting.splice(-surplus).map(held => held.delivery) : []
  }

  /** Takes out what waits and meets the condition. */
  take(which: (held: Held) => boolean): Leased[] {
    if (this.waiting.length === 0) return []
    const all = this.waiting
    this.waiting = all.filter(held => !which(held))
    return all.filter(which).map(held => held.delivery)
  }

  /** True once for each time that it was filled: it has enough free capacity for more from the table. */
  needsMore(): boolean {
    if (!this.mayHaveMore || !this.isRoomy) return false
    this.mayHaveMore = false
    return true
  }
}

/** With a rate limit: after a late start the next one is not early. */
function gapMs({ ratePerSecond }: Endpoint): number {
  return ratePerSecond === null ? 0 : 1000 / ratePerSecond
}
