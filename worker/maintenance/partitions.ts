// Partitions: makes them ahead of the events, leads new events into the next one, and lets go of those that are past the
// retention time (OUTBOX_RETENTION_DAYS), a step at a time.
import { setTimeout as sleep } from 'node:timers/promises'
import { partitionSeconds, type Retention } from '../../delivery/retention.ts'
import type { Store } from '../../drizzle/store.ts'
import { sqlstate } from '../database.ts'
import { Degradation } from '../observability/degradation.ts'
import type { Log } from '../observability/log.ts'

const everyMs = 60_000
const pauseMs = 100
/** Something was in the way: a lock, or an old transaction. */
const waitMs = 2_000
const maxWaits = 5

export interface PartitionsPorts {
  readonly store: Pick<Store, 'keepPartitions' | 'expire'>
  readonly log: Log
  /** null = everything is kept. */
  readonly retention: Retention | null
}

export class Partitions {
  readonly degradation = new Degradation('making no partitions')
  readonly #ports: PartitionsPorts
  readonly #stopping = new AbortController()
  #working: Promise<void> | null = null
  #nextAt = 0

  constructor(ports: PartitionsPorts) {
    this.#ports = ports
  }

  /** Called with every heartbeat; `now` is a monotonic clock's, in milliseconds. */
  tick(now: number): void {
    if (this.#working !== null || now < this.#nextAt) return
    this.#nextAt = now + everyMs
    this.#working = this.#work().finally(() => (this.#working = null))
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#working
  }

  async #work(): Promise<void> {
    try {
      await this.#ports.store.keepPartitions(partitionSeconds(this.#ports.retention))
      this.degradation.end()
    } catch (error) {
      this.degradation.begin(`the database refused (${sqlstate(error)})`)
      this.#report('keep_partitions', error)
    }
    try {
      await this.#expire()
    } catch (error) {
      this.#report('expire', error)
    }
  }

  async #expire(): Promise<void> {
    const { store, retention } = this.#ports
    if (retention === null) return
    for (let waits = 0; waits < maxWaits && !this.#stopping.signal.aborted; ) {
      const next = await store.expire(retention)
      if (next === 'done') return
      if (next === 'wait') waits++
      const ms = next === 'wait' ? waitMs : pauseMs
      await sleep(ms, null, { signal: this.#stopping.signal }).catch(() => {})
    }
  }

  #report(statement: string, error: unknown): void {
    this.#ports.log.error({ statement, sqlstate: sqlstate(error) }, 'will try again in a minute')
  }
}
