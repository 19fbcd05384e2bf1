// How much one run may do: the platform limits an invocation's subrequests, and the next run starts in a minute.

/** Stop claiming before the next run starts, so that runs seldom overlap. */
export const runSeconds = 50
/**
 * Kept back for recording what was already sent (two batches of up to three statements), for releasing what was not (two),
 * and for noting the run.
 */
const settlingSubrequests = 9
/** Kept back for one batch of rewrapping, which comes after the deliveries. */
const rewrappingSubrequests = 2

export type Limit = 'time' | 'subrequests' | 'stopping'

interface BudgetOptions {
  readonly rewraps: boolean
  /** Default: those of the cron function. */
  readonly seconds?: number
  readonly stopping?: AbortSignal | undefined
}

export class Budget {
  readonly #maxSubrequests: number
  readonly #rewraps: boolean
  readonly #seconds: number
  readonly #stopping: AbortSignal | undefined
  readonly #begunAt = performance.now()
  #subrequests = 0

  constructor(maxSubrequests: number, { rewraps, seconds = runSeconds, stopping }: BudgetOptions) {
    this.#maxSubrequests = maxSubrequests
    this.#rewraps = rewraps
    this.#seconds = seconds
    this.#stopping = stopping
  }

  /** One statement or one webhook. */
  spend(): void {
    this.#subrequests++
  }

  get subrequests(): number {
    return this.#subrequests
  }

  get lastedSeconds(): number {
    return (performance.now() - this.#begunAt) / 1000
  }

  /** Deliveries that could still be sent and recorded. */
  get deliveriesLeft(): number {
    return this.#maxSubrequests - this.#subrequests - settlingSubrequests
  }

  /** The limit that forbids starting anything more; null = go on. */
  get reached(): Limit | null {
    if (this.#stopping?.aborted) return 'stopping'
    if (this.lastedSeconds > this.#seconds) return 'time'
    const reserved = settlingSubrequests + (this.#rewraps ? rewrappingSubrequests : 0)
    return this.#subrequests + reserved >= this.#maxSubrequests ? 'subrequests' : null
  }
}
