// How much one run may do: the platform limits an invocation's subrequests, and the next run starts in a minute.

/** Stop claiming before the next run starts, so that runs seldom overlap. */
export const runSeconds = 50
/** Kept back for recording what was already sent; a batch takes one statement or two. */
const settlingSubrequests = 5
/** Kept back for one batch of rewrapping, which comes after the deliveries. */
const rewrappingSubrequests = 2

export type Limit = 'time' | 'subrequests' | 'stopping'

export class Budget {
  readonly #maxSubrequests: number
  readonly #rewraps: boolean
  readonly #stopping: AbortSignal | undefined
  readonly #endAt = performance.now() + runSeconds * 1000
  #subrequests = 0

  constructor(
    maxSubrequests: number,
    { rewraps, stopping }: { rewraps: boolean; stopping?: AbortSignal | undefined },
  ) {
    this.#maxSubrequests = maxSubrequests
    this.#rewraps = rewraps
    this.#stopping = stopping
  }

  /** One statement or one webhook. */
  spend(): void {
    this.#subrequests++
  }

  get subrequests(): number {
    return this.#subrequests
  }

  /** Deliveries that could still be sent and recorded. */
  get deliveriesLeft(): number {
    return this.#maxSubrequests - this.#subrequests - settlingSubrequests
  }

  /** The limit that forbids starting anything more; null = go on. */
  get reached(): Limit | null {
    if (this.#stopping?.aborted) return 'stopping'
    if (performance.now() > this.#endAt) return 'time'
    const reserved = settlingSubrequests + (this.#rewraps ? rewrappingSubrequests : 0)
    return this.#subrequests + reserved >= this.#maxSubrequests ? 'subrequests' : null
  }
}
