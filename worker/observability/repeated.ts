// Does something from time to time that nobody waits for, and more seldom when it takes long.

export interface RepeatedPorts {
  /** Returns whether there is more to do. */
  readonly work: () => Promise<boolean>
  readonly everyMs: number
  /** It may take this part of the time, */
  readonly maxShare: number
  /** but no pause that follows from that is longer. */
  readonly maxPauseMs: number
  /** Milliseconds that only grow. */
  readonly clock: () => number
  /** Called for the first of several failures. */
  readonly onTrouble: (error: unknown) => void
}

export class Repeated {
  readonly #ports: RepeatedPorts
  #timer: NodeJS.Timeout | undefined
  #stopped = false
  #failed = false

  constructor(ports: RepeatedPorts) {
    this.#ports = ports
  }

  start(): void {
    void this.#work()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  async #work(): Promise<void> {
    const { work, everyMs, maxShare, maxPauseMs, clock, onTrouble } = this.#ports
    const begunAt = clock()
    let hasMore = false
    try {
      hasMore = await work()
      this.#failed = false
    } catch (error) {
      if (!this.#failed && !this.#stopped) onTrouble(error)
      this.#failed = true
    }
    if (this.#stopped) return
    const tookMs = clock() - begunAt
    const pauseMs = hasMore ? tookMs : Math.max(everyMs, Math.min(maxPauseMs, tookMs / maxShare))
    this.#timer = setTimeout(() => this.start(), pauseMs).unref()
  }
}
