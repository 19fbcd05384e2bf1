// The endpoints that deliveries are for, with their secrets opened. Each is read once, and again when it has changed.
import { type Endpoint, openEndpoint } from '../../delivery/endpoint.ts'
import { ed25519Signer, hmacSigner } from '../../delivery/signature.ts'
import type { EndpointId, Leased } from '../../delivery/types.ts'
import type { Store } from '../../drizzle/store.ts'
import type { Settings } from '../settings.ts'

export class OpenEndpoints {
  readonly #store: Pick<Store, 'readEndpoints'>
  readonly #settings: Settings
  readonly #endpoints = new Map<EndpointId, Endpoint>()

  constructor(store: Pick<Store, 'readEndpoints'>, settings: Settings) {
    this.#store = store
    this.#settings = settings
  }

  /** Before any of these is sent. */
  async openFor(deliveries: readonly Leased[]): Promise<void> {
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
