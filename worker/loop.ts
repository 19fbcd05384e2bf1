// Works, rests until it is notified, and works again. After a failure it tries again, with longer and longer pauses.

import { sqlstate } from './database.ts'
import { isHeld } from './identity-check.ts'
import type { Log } from './observability/log.ts'
import { WakeSignal } from './wake/wake-signal.ts'

const minPauseMs = 100
const maxPauseMs = 5_000

/** Milliseconds, by the number of failures before this one. */
export function pauseAfter(failures: number): number {
  return Math.min(maxPauseMs, minPauseMs * 2 ** failures)
}

export interface LoopPorts {
  /** Both are for the log line of a failure. */
  readonly statement: string
  readonly failureMessage: string
  readonly log: Log
  /** Returns for how many milliseconds to rest, unless notified. */
  readonly work: () => Promise<number>
}

export class Loop {
  readonly #ports: LoopPorts
  readonly #signal = new WakeSignal()
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

  notify(): void {
    this.#signal.notify()
  }

  /** Pauses the work, until a notification at most. */
  wait(milliseconds: number): Promise<void> {
    return this.#signal.wait(milliseconds)
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#signal.notify()
    await this.#running
  }

  async #run(): Promise<void> {
    const { statement, failureMessage, log, work } = this.#ports
    for (let failures = 0; !this.#stopping; ) {
      let restMs: number
      try {
        restMs = await work()
        failures = 0
      } catch (error) {
        restMs = pauseAfter(failures++)
        if (!isHeld(error)) log.error({ statement, sqlstate: sqlstate(error), failures }, failureMessage)
      }
      if (!this.#stopping) await this.#signal.wait(restMs)
    }
  }
}
