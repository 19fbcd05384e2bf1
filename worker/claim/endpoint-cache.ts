// The endpoints this listener sends to, opened once for each version: secrets decrypted, keys imported.
import { type Endpoint, type OpenEndpointPorts, openEndpoint } from '../../delivery/endpoint.ts'
import type { EndpointId, Leased } from '../../delivery/types.ts'
import type { Store } from '../../drizzle/store.ts'

/** When there are more, the least recently read are dropped. */
const maxEndpoints = 20_000

export class EndpointCache {
  readonly #store: Pick<Store, 'readEndpoints'>
  readonly #ports: OpenEndpointPorts
  readonly #known = new Map<EndpointId, Endpoint>()
  /** Some endpoint has asked for numbers since this process began. */
  #hasNumbered = false

  constructor(store: Pick<Store, 'readEndpoints'>, ports: OpenEndpointPorts) {
    this.#store = store
    this.#ports = ports
  }

  /** Makes sure that every endpoint of these deliveries is known in the version they were claimed for, or a later one. */
  async load(deliveries: readonly Leased[]): Promise<void> {
    const outdated = new Set<EndpointId>()
    for (const { endpointId, version } of deliveries) {
      const known = this.#known.get(endpointId)
      if (known === undefined || known.version < version || known.fault !== null) outdated.add(endpointId)
    }
    if (outdated.size === 0) return
    const sealed = await this.#store.readEndpoints([...outdated])
    for (const endpoint of await Promise.all(sealed.map(row => openEndpoint(row, this.#ports)))) {
      // Fan-out and claim may have read it at the same time.
      if ((this.#known.get(endpoint.id)?.version ?? 0) > endpoint.version) continue
      this.#known.delete(endpoint.id)
      this.#known.set(endpoint.id, endpoint)
      this.#hasNumbered ||= endpoint.sequence
    }
    for (const id of this.#known.keys()) {
      if (this.#known.size <= maxEndpoints) break
      if (!outdated.has(id)) this.#known.delete(id)
    }
  }

  /** Those of these deliveries that need a number. Where no endpoint asks for numbers, none is looked at. */
  toNumber(deliveries: readonly Leased[]): readonly Leased[] {
    return this.#hasNumbered ? deliveries.filter(delivery => this.of(delivery).sequence) : []
  }

  of(delivery: Leased): Endpoint {
    const endpoint = this.#known.get(delivery.endpointId)
    if (endpoint === undefined) throw new Error(`endpoint ${delivery.endpointId} was not loaded before use`)
    return endpoint
  }
}
