// Retention, if it is set (OUTBOX_RETENTION_DAYS): from time to time a scan over the old events, in small steps with pauses,
// so that deleting holds up nothing.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Store } from '../../drizzle/store.ts'
import { sqlstate } from '../database.ts'
import type { Log } from '../observability/log.ts'

const everyMs = 3_600_000
const maxEvents = 1_000
const pauseMs = 200

export interface RetentionPorts {
  readonly store: Pick<Store, 'purge'>
  readonly log: Log
  /** null = everything is kept. */
  readonly days: number | null
}

export class Retention {
  readonly #ports: RetentionPorts
  readonly #stopping = new AbortController()
  #scanning: Promise<void> | null = null
  #nextScanAt = 0

  constructor(ports: RetentionPorts) {
    this.#ports = ports
  }

  /** Called with every heartbeat; `now` is a monotonic clock's, in milliseconds. */
  tick(now: number): void {
    const { days } = this.#ports
    if (days === null || this.#scanning !== null || now < this.#nextScanAt) return
    this.#nextScanAt = now + everyMs
    this.#scanning = this.#scan(days).finally(() => (this.#scanning = null))
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#scanning
  }

  async #scan(days: number): Promise<void> {
    const { store, log } = this.#ports
    let events = 0
    try {
      for (let after: bigint | null = 0n; after !== null && !this.#stopping.signal.aborted; ) {
        const { purged, lookedTo } = await store.purge(days, maxEvents, after)
        events += purged
        after = lookedTo
        await sleep(pauseMs, null, { signal: this.#stopping.signal }).catch(() => {})
      }
    } catch (error) {
      log.error({ statement: 'purge', sqlstate: sqlstate(error) }, 'will try again in an hour')
    }
    if (events > 0) log.info({ events }, 'deleted finished events that were older than the retention time')
  }
}
