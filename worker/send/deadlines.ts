// The deadlines of all requests under way, with one timer. What is over is taken out at once, so that a request that hangs
// keeps nothing else in memory.

/** A request with a time limit. */
export interface Limited {
  readonly limitMs: number
  /** On the monotonic clock. */
  readonly deadline: number
  /** Its time is over. It is taken out then, by itself. */
  expire(): void
}

export class Deadlines {
  readonly #clock: () => number
  /** By time limit: requests with the same one are due in the order in which they were added. None is empty. */
  readonly #byLimit = new Map<number, Set<Limited>>()
  #timer: NodeJS.Timeout | null = null
  #timerAt = Number.POSITIVE_INFINITY

  constructor(clock: () => number) {
    this.#clock = clock
  }

  get size(): number {
    let size = 0
    for (const requests of this.#byLimit.values()) size += requests.size
    return size
  }

  add(request: Limited): void {
    const requests = this.#byLimit.get(request.limitMs)
    if (requests === undefined) this.#byLimit.set(request.limitMs, new Set([request]))
    else requests.add(request)
    if (request.deadline < this.#timerAt) this.#wakeAt(request.deadline)
  }

  delete(request: Limited): void {
    const requests = this.#byLimit.get(request.limitMs)
    if (requests?.delete(request) && requests.size === 0) this.#byLimit.delete(request.limitMs)
  }

  /** The timer stays when the request it was set for is over: under load it fires once for each time limit, not each request. */
  #wakeAt(time: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timerAt = time
    const waitMs = Math.max(1, Math.ceil(time - this.#clock()))
    this.#timer = setTimeout(() => this.#expire(), waitMs).unref()
  }

  #expire(): void {
    this.#timer = null
    this.#timerAt = Number.POSITIVE_INFINITY
    const now = this.#clock()
    let next = Number.POSITIVE_INFINITY
    for (const requests of this.#byLimit.values()) {
      for (const request of requests) {
        if (request.deadline > now) {
          next = Math.min(next, request.deadline)
          break
        }
        request.expire()
      }
    }
    if (next < this.#timerAt) this.#wakeAt(next)
  }
}
