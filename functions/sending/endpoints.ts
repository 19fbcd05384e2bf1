// The endpoints that deliveries are for, with their secrets opened. Each is read once, and again when it has changed.
import { type Endpoint, openEndpoint } from '../../delivery/endpoint.ts'
import { ed25519Signer, hmacSigner } from '../../delivery/signature.ts'
import type { EndpointId, Leased } from '../../delivery/types.ts'
import type { Store } from '../../drizzle/store.ts'
import type { Settings } from '../settings.ts'

export class OpenEndpoints {
  readonly #store: Pick<Store, 'number' | 'readEndpoints'>
  readonly #settings: Settings
  readonly #endpoints = new Map<EndpointId, Endpoint>()

  constructor(store: Pick<Store, 'number' | 'readEndpoints'>, settings: Settings) {
    this.#store = store
    this.#settings = settings
  }

  /** Before deliveries are sent: their endpoints, and their numbers where those ask for them. */
  async prepare(deliveries: readonly Leased[]): Promise<Leased[]> {
    await this.#open(deliveries)
    const toNumber = deliveries.filter(delivery => this.of(delivery).sequence)
    return [...(await this.#store.number(deliveries, toNumber))]
  }

  /** Reads those that are new or have changed. */
  async #open(deliveries: readonly Leased[]): Promise<void> {
    const { keyring, delivery: defaults } = this.#settings
    const outdated = deliveries.filter(d => (this.#endpoints.get(d.endpointId)?.version ?? 0) < d.version)
    if (outdated.length === 0) return
    for (const sealed of await this.#store.readEndpoints([...new Set(outdated.map(d => d.endpointId))])) {
      const endpoint = await openEndpoint(sealed, { keyring, hmacSigner, ed25519Signer, defaults })
      this.#endpoints.set(sealed.id, endpoint)
    }
  }

  of({ endpointId }: Leased): Endpoint {
    return this.#endpoints.get(endpointId)!
  }
}
