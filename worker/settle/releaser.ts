// Releases the leases of deliveries that were claimed and not sent, so that any sender may claim them at once.
import type { Leased } from '../../delivery/types.ts'
import type { Store } from '../../drizzle/store.ts'
import { sqlstate } from '../database.ts'
import type { Log } from '../observability/log.ts'

export interface ReleaserPorts {
  readonly store: Pick<Store, 'release'>
  readonly log: Log
}

export class Releaser {
  readonly #ports: ReleaserPorts
  readonly #running = new Set<Promise<void>>()

  constructor(ports: ReleaserPorts) {
    this.#ports = ports
  }

  /** Never rejects. */
  release(deliveries: readonly Leased[]): Promise<void> {
    const { store, log } = this.#ports
    const released = store
      .release(deliveries)
      .catch(error =>
        log.error({ statement: 'release', sqlstate: sqlstate(error) }, 'their leases will run out'),
      )
      .finally(() => this.#running.delete(released))
    this.#running.add(released)
    return released
  }

  async drained(): Promise<void> {
    await Promise.all(this.#running)
  }
}
