// Adds from time to time what the senders have tallied to the history of the attempts. Several listeners may try: one does it.
import { maxTallies } from '../../drizzle/history.ts'
import { foldAttempts } from '../../drizzle/queries.gen.ts'
import type { Run } from '../../drizzle/run.ts'

/** It may take this part of the time: what comes more seldom has more to add to each row, and costs less for each attempt. */
const maxShare = 0.005
const maxPauseMs = 60_000

export interface HistoryPorts {
  readonly run: Run
  readonly keepDays: number
  readonly everyMs: number
  /** Milliseconds that only grow. */
  readonly clock: () => number
  /** Called for the first of several failures. */
  readonly onTrouble: (error: unknown) => void
}

export class History {
  readonly #ports: HistoryPorts
  #timer: NodeJS.Timeout | undefined
  #stopped = false
  #failed = false

  constructor(ports: HistoryPorts) {
    this.#ports = ports
  }

  start(): void {
    void this.#fold()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  async #fold(): Promise<void> {
    const { run, keepDays, everyMs, clock, onTrouble } = this.#ports
    const begunAt = clock()
    let isBehind = false
    try {
      const { folded } = await foldAttempts(run, { keepDays, maxTallies })
      isBehind = folded === maxTallies
      this.#failed = false
    } catch (error) {
      if (!this.#failed && !this.#stopped) onTrouble(error)
      this.#failed = true
    }
    if (this.#stopped) return
    const tookMs = clock() - begunAt
    const pauseMs = isBehind ? tookMs : Math.max(everyMs, Math.min(maxPauseMs, tookMs / maxShare))
    this.#timer = setTimeout(() => this.start(), pauseMs).unref()
  }
}
