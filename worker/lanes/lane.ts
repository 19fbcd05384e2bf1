// What one endpoint has in flight and in stock.
import type { Endpoint } from '../../delivery/endpoint.ts'
import type { Leased } from '../../delivery/types.ts'

/** A fast lane holds what it sends in this time in stock, so that it never waits for the next claim. */
const stockSeconds = 0.1
const maxStock = 1_000

/**
 * With a rate limit: who is later than this has missed its slot. Over all senders the slots are exact, and what comes
 * behind its own falls together with what others send in theirs.
 */
export const latestStartMs = 100

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
  /** It was filled: there may be more for it in the table. */
  hungry = false
  /** Its room is promised to a statement that is under way. */
  promised = false
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
    return this.maxInFlight + Math.min(maxStock, Math.floor(perSecond * stockSeconds))
  }

  get room(): number {
    return Math.max(0, this.capacity - this.held)
  }

  get isUnused(): boolean {
    return this.held === 0 && this.#lastSecond === 0 && this.#thisSecond === 0
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

  /** Takes out what has missed its slot, but for one: however late this process always is, it gets on. */
  takeMissed(now: number): Leased[] {
    const first = this.waiting[0]
    if (first === undefined || first.endpoint.ratePerSecond === null) return []
    return this.take(held => held !== first && held.startAt < now - latestStartMs)
  }

  /** The first in the stock should have started before this time. */
  isOlderThan(time: number): boolean {
    const first = this.waiting[0]
    return first !== undefined && first.startAt < time
  }

  /** Takes out what is more than it may hold: fan-out and claim may both have filled it. */
  takeSurplus(): Leased[] {
    const surplus = this.held - this.capacity
    return surplus > 0 ? this.waiting.splice(-surplus).map(held => held.delivery) : []
  }

  /** Takes out what is waiting and answers to the description. */
  take(which: (held: Held) => boolean): Leased[] {
    if (this.waiting.length === 0) return []
    const all = this.waiting
    this.waiting = all.filter(held => !which(held))
    return all.filter(which).map(held => held.delivery)
  }
}

/** With a rate limit: after a late start the next one is not early. */
function gapMs({ ratePerSecond }: Endpoint): number {
  return ratePerSecond === null ? 0 : 1000 / ratePerSecond
}
