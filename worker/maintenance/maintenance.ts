// Work that is never urgent, in small steps beside the deliveries: replays, what still waits for deleted endpoints, and
// endpoints that nobody pulls any more.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Store } from '../../drizzle/store.ts'
import { sqlstate } from '../database.ts'
import type { Log } from '../observability/log.ts'

const maxEvents = 1_000
const maxCanceled = 1_000
const pauseMs = 500

export interface MaintenancePorts {
  readonly store: Pick<Store, 'cancelDeleted' | 'disableIdle' | 'stepReplay'>
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
      for (let more = true; more && !this.#stopping.signal.aborted; ) {
        more = await this.#step()
        if (more) await sleep(pauseMs, null, { signal: this.#stopping.signal }).catch(() => {})
      }
    } catch (error) {
      this.#ports.log.error(
        { statement: 'maintenance', sqlstate: sqlstate(error) },
        'will try again at the next heartbeat',
      )
    }
  }

  async #step(): Promise<boolean> {
    const { store, onDue } = this.#ports
    const canceled = await store.cancelDeleted(maxCanceled)
    await store.disableIdle()
    const { replayed, running } = await store.stepReplay(maxEvents)
    if (replayed > 0) onDue()
    return running || canceled === maxCanceled
  }
}
