// Works, rests until the bell rings, and works again. What the database did not take is tried again after a pause.

import { sqlstate } from './database.ts'
import type { Log } from './observability/log.ts'
import { WakeSignal } from './wake/wake-signal.ts'

const shortestPauseMs = 100
const longestPauseMs = 5_000

/** Milliseconds, by the number of failures before this one. */
export function pauseAfter(failures: number): number {
  return Math.min(longestPauseMs, shortestPauseMs * 2 ** failures)
}

export interface LoopPorts {
  /** What the log says where it fails. */
  readonly statement: string
  readonly complaint: string
  readonly log: Log
  /** Returns for how many milliseconds to rest, unless the bell rings. */
  readonly work: () => Promise<number>
}

export class Loop {
  readonly #ports: LoopPorts
  readonly #bell = new WakeSignal()
  #stopping = false
  #running: Promise<void> = Promise.resolve()

  constructor(ports: LoopPorts) {
    this.#ports = ports
  }

  get isStopping(): boolean {
    return this.#stopping
  }

  start(): void {
    this.#running = this.#run()
  }

  ring(): void {
    this.#bell.ring()
  }

  /** Pauses the work, no longer than until the bell rings. */
  wait(milliseconds: number): Promise<void> {
    return this.#bell.wait(milliseconds)
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#bell.ring()
    await this.#running
  }

  async #run(): Promise<void> {
    const { statement, complaint, log, work } = this.#ports
    for (let failures = 0; !this.#stopping; ) {
      let restMs: number
      try {
        restMs = await work()
        failures = 0
      } catch (error) {
        restMs = pauseAfter(failures++)
        log.error({ statement, sqlstate: sqlstate(error), failures }, complaint)
      }
      if (!this.#stopping) await this.#bell.wait(restMs)
    }
  }
}
