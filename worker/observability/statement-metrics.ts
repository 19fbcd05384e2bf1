// What the statements of a sender cost and bring, measured around the store.
import { Counter, Histogram, type Registry } from 'prom-client'
import type { Store } from '../../drizzle/store.ts'

const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1]

export class StatementMetrics {
  readonly #claimDuration: Histogram
  readonly #settleDuration: Histogram
  readonly #batchSize: Histogram
  readonly #created: Counter
  readonly #leasesLost: Counter
  readonly #clock: () => number

  /** `clock`: in milliseconds. */
  constructor(registry: Registry, clock: () => number) {
    const registers = [registry]
    this.#clock = clock
    this.#claimDuration = new Histogram({
      name: 'outbox_claim_duration_seconds',
      help: 'How long a statement took that leases deliveries: a fan-out or a claim.',
      buckets,
      registers,
    })
    this.#settleDuration = new Histogram({
      name: 'outbox_settle_duration_seconds',
      help: 'How long a statement took that records attempts.',
      buckets,
      registers,
    })
    this.#batchSize = new Histogram({
      name: 'outbox_claim_batch_size',
      help: 'How many deliveries a fan-out or a claim has leased, where it has leased any.',
      buckets: [1, 5, 25, 100, 250, 500],
      registers,
    })
    this.#created = new Counter({
      name: 'outbox_deliveries_created_total',
      help: 'Deliveries made of events.',
      labelNames: ['kind'],
      registers,
    })
    this.#leasesLost = new Counter({
      name: 'outbox_leases_lost_total',
      help: 'Attempts that were recorded after their lease had ended: the webhook may have been sent twice.',
      registers,
    })
    this.#created.inc({ kind: 'push' }, 0)
  }

  /** The same store, measured. */
  around(store: Store): Store {
    return {
      ...store,
      fanOut: async request => {
        const brought = await this.#claimed(store.fanOut(request))
        this.#created.inc({ kind: 'push' }, brought.meta.created)
        return brought
      },
      claim: request => this.#claimed(store.claim(request)),
      settleIfLeased: async settlements => {
        const settled = await this.#timed(this.#settleDuration, store.settleIfLeased(settlements))
        this.#leasesLost.inc(settled.lost.length)
        return settled
      },
    }
  }

  async #claimed<Brought extends { deliveries: readonly unknown[] }>(
    answer: Promise<Brought>,
  ): Promise<Brought> {
    const brought = await this.#timed(this.#claimDuration, answer)
    if (brought.deliveries.length > 0) this.#batchSize.observe(brought.deliveries.length)
    return brought
  }

  /** A statement that fails is measured too: it took that long to fail. */
  async #timed<Answer>(duration: Histogram, answer: Promise<Answer>): Promise<Answer> {
    const askedAt = this.#clock()
    try {
      return await answer
    } finally {
      duration.observe((this.#clock() - askedAt) / 1000)
    }
  }
}
