// What fan-out and claim have in common: who asks, what the lanes have room for, and what becomes of the deliveries.
import type { Leased } from '../../delivery/types.ts'
import type { LeaseRequest, Store } from '../../drizzle/store.ts'
import { sqlstate } from '../database.ts'
import type { Lanes } from '../lanes/lanes.ts'
import type { Log } from '../observability/log.ts'
import type { EndpointCache } from './endpoint-cache.ts'

/** Longer than any statement may take (worker/database.ts). */
const mayStillRunMs = 25_000

export interface LeasingPorts {
  readonly store: Store
  readonly lanes: Lanes
  readonly endpointCache: EndpointCache
  readonly giveBack: (deliveries: readonly Leased[]) => Promise<void>
  readonly log: Log
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
  /** Leases of statements whose answers never came. */
  #lost: { lease: string; at: number }[] = []

  constructor(ports: LeasingPorts) {
    this.#ports = ports
  }

  /** Runs one of the two statements, and puts what it brought into the lanes. */
  async take<Meta>(
    what: 'new' | 'due',
    leaseLimit: number,
    statement: (request: LeaseRequest) => Promise<Brought<Meta>>,
  ): Promise<Brought<Meta>> {
    const { lanes, endpointCache, name, leaseSeconds } = this.#ports
    const rooms = lanes.promise()
    const lease = `${name}:${++this.#statements}`
    const asked = performance.now()
    const request = {
      lease,
      leaseSeconds,
      leaseLimit,
      defaultCapacity: leaseLimit,
      capacities: rooms,
      sharers: lanes.sharers,
    }
    try {
      const brought = await statement(request).catch(error => this.#lose(lease, error))
      await this.#loadEndpoints(brought.deliveries)
      lanes.add(brought.deliveries, delivery => endpointCache.of(delivery), rooms, { asked, what })
      return brought
    } finally {
      lanes.unpromise(rooms)
    }
  }

  /**
   * The server may have carried out a statement whose answer never came, also a while after the link broke. Returns how many
   * deliveries were given back.
   */
  async releaseLost(): Promise<number> {
    const lost = this.#lost
    if (lost.length === 0) return 0
    const { store, log } = this.#ports
    try {
      const released = await store.releaseLost(lost.map(({ lease }) => lease))
      this.#lost = this.#lost.filter(({ at }) => performance.now() - at < mayStillRunMs)
      if (released > 0) log.warn({ deliveries: released }, 'gave back what was claimed when the link broke')
      return released
    } catch (error) {
      log.error({ statement: 'release_lost', sqlstate: sqlstate(error) }, 'their leases will run out')
      return 0
    }
  }

  #lose(lease: string, error: unknown): never {
    const now = performance.now()
    const timingPadMs = this.#ports.leaseSeconds * 1000
    this.#lost = [...this.#lost.filter(({ at }) => now - at < timingPadMs), { lease, at: now }]
    throw error
  }

  async #loadEndpoints(deliveries: readonly Leased[]): Promise<void> {
    try {
      await this.#ports.endpointCache.load(deliveries)
    } catch (error) {
      void this.#ports.giveBack(deliveries)
      throw error
    }
  }
}
