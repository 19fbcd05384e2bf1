// What a run claims: due deliveries first, then new events. Few endpoints with much to do get larger portions, many get
// small ones.
import type { EndpointId, Leased } from '../../delivery/types.ts'
import type { Store } from '../../drizzle/store.ts'

const claimSize = 24
/** Deliveries of one endpoint in one claim, to begin with. */
const smallPortion = 4
const scanLimit = 200

export interface Claimed {
  readonly deliveries: Leased[]
  /** The next claim may find something. */
  readonly mayHaveMore: boolean
}

export class Claimer {
  readonly #store: Store
  readonly #leaseSeconds: number
  readonly #lease = `cron-${crypto.randomUUID().slice(0, 8)}`
  #leases = 0
  /** Events may wait for their fan-out. */
  #mayHaveEvents = true
  #portion = smallPortion
  #scanAfter: EndpointId | null = null

  constructor(store: Store, leaseSeconds: number) {
    this.#store = store
    this.#leaseSeconds = leaseSeconds
  }

  async claim(maxDeliveries: number): Promise<Claimed> {
    const leaseLimit = Math.max(1, Math.min(claimSize, maxDeliveries))
    const due = await this.#claimDue(leaseLimit)
    const fresh = this.#mayHaveEvents ? await this.#fanOut(leaseLimit - due.deliveries.length) : []
    const deliveries = [...due.deliveries, ...fresh]
    return { deliveries, mayHaveMore: deliveries.length > 0 || due.mayHaveMore || this.#mayHaveEvents }
  }

  async #claimDue(leaseLimit: number): Promise<Claimed> {
    const scanAfter = this.#scanAfter
    const { deliveries, meta } = await this.#store.claim({
      ...this.#request(leaseLimit),
      scanAfter,
      scanLimit,
    })
    this.#scanAfter = meta.scanCursor
    this.#portion = deliveries.length < leaseLimit ? Math.min(claimSize, this.#portion * 2) : smallPortion
    return { deliveries, mayHaveMore: meta.scanCursor !== null || scanAfter !== null }
  }

  async #fanOut(leaseLimit: number): Promise<Leased[]> {
    const { deliveries, meta } = await this.#store.fanOut({
      ...this.#request(leaseLimit),
      fanOutLimit: claimSize,
      fanOutFrom: 0n,
    })
    // Deliveries of a coordinated lane wait for the next claim, after which new events are looked for once more.
    this.#mayHaveEvents = meta.fanned === claimSize || meta.leftCoordinated > 0
    return deliveries
  }

  #request(leaseLimit: number) {
    return {
      lease: `${this.#lease}:${++this.#leases}`,
      leaseSeconds: this.#leaseSeconds,
      leaseLimit,
      defaultCapacity: this.#portion,
      capacities: new Map(),
      sharers: 1,
    }
  }
}
