// Work that is never urgent, in small steps beside the deliveries: replays, and what was left by deleted endpoints.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Store } from '../../drizzle/store.ts'
import { sqlstate } from '../database.ts'
import type { Log } from '../observability/log.ts'

const maxEvents = 1_000
const maxCanceled = 1_000
const pauseMs = 500

export class Maintenance {
  readonly #store: Store
  readonly #log: Log
  readonly #onDue: () => void
  readonly #stopping = new AbortController()
  #working: Promise<void> | null = null

  constructor(store: Store, log: Log, onDue: () => void) {
    this.#store = store
    this.#log = log
    this.#onDue = onDue
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
      this.#log.error(
        { statement: 'maintenance', sqlstate: sqlstate(error) },
        'will try again at the next heartbeat',
      )
    }
  }

  async #step(): Promise<boolean> {
    const canceled = await this.#store.cancelDeleted(maxCanceled)
    const { replayed, running } = await this.#store.stepReplay(maxEvents)
    if (replayed > 0) this.#onDue()
    return running || canceled === maxCanceled
  }
}
