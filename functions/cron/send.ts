// Sends leased deliveries with the listener's own deliver(), a few at a time to each endpoint.
import { deliver } from '../../delivery/deliver.ts'
import { type Endpoint, openEndpoint } from '../../delivery/endpoint.ts'
import { timingPadMs } from '../../delivery/redact.ts'
import type { Send } from '../../delivery/send.ts'
import { ed25519Signer, hmacSigner } from '../../delivery/signature.ts'
import type { EndpointId, Leased, Settlement } from '../../delivery/types.ts'
import { userAgent } from '../../delivery/version.ts'
import type { Store } from '../../drizzle/store.ts'
import type { Settings } from '../settings.ts'
import type { Budget } from './budget.ts'
import type { Settlements } from './settle.ts'

/**
 * The platform lets an invocation have this many connections whose answer has not begun; a seventh would queue unseen. The
 * database's socket is one of them, SQL over HTTP is none while webhooks are sent.
 */
const maxConnections = 6
/** Requests to one endpoint at a time, so that a slow one leaves capacity for others. */
const maxPerEndpoint = 3

export const clock = () => performance.now()

interface SenderPorts {
  readonly budget: Budget
  readonly settlements: Settlements
  readonly send: Send
}

export class Sender {
  readonly #store: Store
  readonly #settings: Settings
  readonly #budget: Budget
  readonly #settlements: Settlements
  readonly #post: Send
  readonly #endpoints = new Map<EndpointId, Endpoint>()
  readonly #inFlight = new Set<Promise<void>>()
  readonly #inFlightByEndpoint = new Map<EndpointId, number>()
  readonly #maxInFlight: number

  constructor(store: Store, settings: Settings, { budget, settlements, send }: SenderPorts) {
    this.#store = store
    this.#settings = settings
    this.#budget = budget
    this.#settlements = settlements
    this.#post = send
    this.#maxInFlight = settings.driver === 'neon' ? maxConnections : maxConnections - 1
  }

  /** Before deliveries are sent: their endpoints, and their numbers where those ask for them. */
  async prepare(deliveries: readonly Leased[]): Promise<Leased[]> {
    await this.#openEndpoints(deliveries)
    const isNumbered = ({ endpointId }: Leased) => this.#endpoints.get(endpointId)!.sequence
    const toNumber = deliveries.filter(isNumbered)
    if (toNumber.length === 0) return [...deliveries]
    const numbered = (await this.#store.number(toNumber)).values()
    return deliveries.map(delivery => (isNumbered(delivery) ? numbered.next().value! : delivery))
  }

  /** Reads those that are new or have changed. */
  async #openEndpoints(deliveries: readonly Leased[]): Promise<void> {
    const { keyring, delivery: defaults } = this.#settings
    const outdated = deliveries.filter(d => (this.#endpoints.get(d.endpointId)?.version ?? 0) < d.version)
    if (outdated.length === 0) return
    for (const sealed of await this.#store.readEndpoints([...new Set(outdated.map(d => d.endpointId))])) {
      const endpoint = await openEndpoint(sealed, { keyring, hmacSigner, ed25519Signer, defaults })
      this.#endpoints.set(sealed.id, endpoint)
    }
  }

  /** Starts the first whose endpoint has capacity and takes it off the queue, then waits until another may start. */
  async sendNext(queue: Leased[]): Promise<void> {
    const at = queue.findIndex(d => (this.#inFlightByEndpoint.get(d.endpointId) ?? 0) < maxPerEndpoint)
    if (at >= 0) this.#start(queue.splice(at, 1)[0]!)
    const mustWait = at < 0 || this.#inFlight.size >= this.#maxInFlight
    if (mustWait && this.#inFlight.size > 0) await Promise.race(this.#inFlight)
  }

  /** Waits until nothing is in flight. */
  async finish(): Promise<void> {
    await Promise.all(this.#inFlight)
  }

  #start(delivery: Leased): void {
    this.#budget.spend()
    const { endpointId } = delivery
    const count = this.#inFlightByEndpoint.get(endpointId) ?? 0
    this.#inFlightByEndpoint.set(endpointId, count + 1)
    const attempt = this.#send(delivery).finally(() => {
      this.#inFlight.delete(attempt)
      this.#inFlightByEndpoint.set(endpointId, this.#inFlightByEndpoint.get(endpointId)! - 1)
    })
    this.#inFlight.add(attempt)
  }

  async #send(delivery: Leased): Promise<void> {
    const endpoint = this.#endpoints.get(delivery.endpointId)!
    const ports = {
      send: this.#post,
      now: Date.now,
      clock,
      random: Math.random,
      userAgent,
    }
    const settlement = await new Promise<Settlement>((resolve, reject) =>
      deliver(delivery, endpoint, ports, resolve, reject),
    )
    const waitMs = timingPadMs(endpoint, settlement, clock())
    if (waitMs > 0) await new Promise(resolve => setTimeout(resolve, waitMs))
    this.#settlements.add(settlement)
  }
}
