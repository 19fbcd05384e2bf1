// Work that is never urgent, in small steps beside the deliveries: replays, what still waits for deleted endpoints, and
// endpoints that nobody pulls any more.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Store } from '../../drizzle/store.ts'
import { sqlstate } from '../database.ts'
import type { Log } from '../observability/log.ts'

const maxEvents = 1_000
const maxCanceled = 1_000
const maxParts = 10_000
const pauseMs = 500
/** While pinned replays find capacity: they take what a lane has free, so the lanes' turns are their rate. */
const shortPauseMs = 100

export interface MaintenancePorts {
  readonly store: Pick<Store, 'cancelDeleted' | 'disableIdle' | 'stepParts' | 'stepReplay'>
  readonly log: Log
  /** A replay has made something due. */
  readonly onDue: () => void
}

export class Maintenance {
  readonly #ports: MaintenancePorts
  readonly #stopping = new AbortController()
  #working: Promise<void> | null = null

  constructor(ports: MaintenancePorts) {
    this.#ports = ports
  }

  /** Called when the heartbeat has seen some. */
  begin(): void {
    if (!this.#stopping.signal.aborted) this.#working ??= this.#work().finally(() => (this.#working = null))
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#working
  }

  async #work(): Promise<void> {
    try {
      for (let pause: number | null = 0; pause !== null && !this.#stopping.signal.aborted; ) {
        pause = await this.#step()
        if (pause !== null) await sleep(pause, null, { signal: this.#stopping.signal }).catch(() => {})
      }
    } catch (error) {
      this.#ports.log.error(
        { statement: 'maintenance', sqlstate: sqlstate(error) },
        'will try again at the next heartbeat',
      )
    }
  }

  /** How long to wait for the next step; null = nothing is left to do. */
  async #step(): Promise<number | null> {
    const { store, onDue } = this.#ports
    const canceled = await store.cancelDeleted(maxCanceled)
    await store.disableIdle()
    const { replayed, running } = await store.stepReplay(maxEvents)
    const parts = await store.stepParts(maxParts)
    if (replayed + parts.replayed > 0) onDue()
    if (parts.running && parts.replayed > 0) return shortPauseMs
    return running || parts.running || canceled === maxCanceled ? pauseMs : null
  }
}
