// Retention, where it is asked for (OUTBOX_RETENTION_DAYS): now and then a walk over the old events, in small steps with
// pauses, so that deleting holds up nobody.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Store } from '../../drizzle/store.ts'
import { sqlstate } from '../database.ts'
import type { Log } from '../observability/log.ts'

const everyMs = 3_600_000
const maxEvents = 1_000
const pauseMs = 200

export class Retention {
  readonly #store: Store
  readonly #log: Log
  readonly #days: number | null
  readonly #stopping = new AbortController()
  #walking: Promise<void> | null = null
  #nextWalk = 0

  /** `days`: null = everything is kept. */
  constructor(store: Store, log: Log, days: number | null) {
    this.#store = store
    this.#log = log
    this.#days = days
  }

  /** Called with every heartbeat; `now` is a stopwatch's, in milliseconds. */
  tick(now: number): void {
    if (this.#days === null || this.#walking !== null || now < this.#nextWalk) return
    this.#nextWalk = now + everyMs
    this.#walking = this.#walk(this.#days).finally(() => (this.#walking = null))
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#walking
  }

  async #walk(days: number): Promise<void> {
    let events = 0
    try {
      for (let behind: bigint | null = 0n; behind !== null && !this.#stopping.signal.aborted; ) {
        const { purged, lookedTo } = await this.#store.purge(days, maxEvents, behind)
        events += purged
        behind = lookedTo
        await sleep(pauseMs, null, { signal: this.#stopping.signal }).catch(() => {})
      }
    } catch (error) {
      this.#log.error({ statement: 'purge', sqlstate: sqlstate(error) }, 'will try again in an hour')
    }
    if (events > 0) this.#log.info({ events }, 'deleted what was over and older than it is kept')
  }
}
