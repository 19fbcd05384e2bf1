// What fan-out and claim have in common: the request for a lease, what the lanes have capacity for, and where the deliveries
// go.
import type { Endpoint } from '../../delivery/endpoint.ts'
import type { Leased } from '../../delivery/types.ts'
import type { LeaseRequest } from '../../drizzle/store.ts'
import type { Lanes } from '../lanes/lanes.ts'

export interface LeasingPorts {
  readonly lanes: Pick<Lanes, 'reserve' | 'endReservation' | 'add' | 'sharers'>
  readonly endpointCache: {
    load(deliveries: readonly Leased[]): Promise<void>
    toNumber(deliveries: readonly Leased[]): readonly Leased[]
    of(delivery: Leased): Endpoint
  }
  /** All of them, and those of `toNumber` with their numbers. */
  readonly number: (deliveries: readonly Leased[], toNumber: readonly Leased[]) => Promise<readonly Leased[]>
  /** Ends the leases of what cannot be sent; never rejects. */
  readonly release: (deliveries: readonly Leased[]) => Promise<void>
  /** The answer of the statement with this lease never came. */
  readonly onLost: (lease: string) => void
  readonly name: string
  readonly leaseSeconds: number
}

export interface Brought<Meta> {
  readonly deliveries: readonly Leased[]
  readonly meta: Meta
}

export class Leasing {
  readonly #ports: LeasingPorts
  #statements = 0

  constructor(ports: LeasingPorts) {
    this.#ports = ports
  }

  /**
   * Runs one of the two statements, and puts what it brought into the lanes. `leftMore`: it may have left something in the
   * table for lanes that it filled.
   */
  async take<Meta>(
    what: 'new' | 'due',
    leaseLimit: number,
    statement: (request: LeaseRequest) => Promise<Brought<Meta>>,
    leftMore: (meta: Meta) => boolean,
  ): Promise<Brought<Meta>> {
    const { lanes, endpointCache, name, leaseSeconds } = this.#ports
    const capacities = lanes.reserve(what)
    const lease = `${name}:${++this.#statements}`
    const askedAt = performance.now()
    const request = {
      lease,
      leaseSeconds,
      leaseLimit,
      defaultCapacity: leaseLimit,
      capacities,
      sharers: lanes.sharers,
    }
    try {
      const brought = await statement(request).catch(error => this.#lose(lease, error))
      const deliveries = await this.#prepare(brought.deliveries)
      lanes.add(deliveries, delivery => endpointCache.of(delivery), {
        capacities,
        askedAt,
        leaseMs: leaseSeconds * 1000,
        leftMore: leftMore(brought.meta),
      })
      return brought
    } finally {
      lanes.endReservation(capacities)
    }
  }

  #lose(lease: string, error: unknown): never {
    this.#ports.onLost(lease)
    throw error
  }

  /** With their endpoints known, and their numbers where those ask for them. */
  async #prepare(deliveries: readonly Leased[]): Promise<readonly Leased[]> {
    const { endpointCache, number } = this.#ports
    try {
      await endpointCache.load(deliveries)
      return await number(deliveries, endpointCache.toNumber(deliveries))
    } catch (error) {
      void this.#ports.release(deliveries)
      throw error
    }
  }
}
