// Collects what the attempts saw, and records it in batches.
import type { Settlement } from '../../delivery/types.ts'
import type { Store } from '../../drizzle/store.ts'

const batchSize = 24

export class Settlements {
  readonly #store: Store
  readonly #waiting: Settlement[] = []
  #delivered = 0
  #failed = 0

  constructor(store: Store) {
    this.#store = store
  }

  get counts() {
    return { delivered: this.#delivered, failed: this.#failed }
  }

  add(settlement: Settlement): void {
    if (settlement.error === null) this.#delivered++
    else this.#failed++
    this.#waiting.push(settlement)
  }

  async settleFullBatch(): Promise<void> {
    if (this.#waiting.length >= batchSize) await this.settle()
  }

  /** True when something that had to wait may go now. */
  async settle(): Promise<boolean> {
    const batch = this.#waiting.splice(0)
    return batch.length > 0 && (await this.#store.settleIfLeased(batch)).unblocked
  }
}
