// Sends leased deliveries with the listener's own deliver(), a few at a time to each endpoint.
import type { Send } from '../../delivery/send.ts'
import type { EndpointId, Leased } from '../../delivery/types.ts'
import type { Store } from '../../drizzle/store.ts'
import { attempt } from '../sending/attempt.ts'
import { OpenEndpoints } from '../sending/endpoints.ts'
import { maxConnections } from '../sending/limits.ts'
import type { Settings } from '../settings.ts'
import type { Budget } from './budget.ts'
import type { Settlements } from './settle.ts'

/** Requests to one endpoint at a time, so that a slow one leaves capacity for others. */
const maxPerEndpoint = 3

interface SenderPorts {
  readonly budget: Budget
  readonly settlements: Settlements
  readonly send: Send
}

export class Sender {
  readonly #budget: Budget
  readonly #settlements: Settlements
  readonly #send: Send
  readonly #endpoints: OpenEndpoints
  readonly #inFlight = new Set<Promise<void>>()
  readonly #inFlightByEndpoint = new Map<EndpointId, number>()
  readonly #maxInFlight: number

  constructor(store: Store, settings: Settings, { budget, settlements, send }: SenderPorts) {
    this.#budget = budget
    this.#settlements = settlements
    this.#send = send
    this.#endpoints = new OpenEndpoints(store, settings)
    this.#maxInFlight = maxConnections(settings)
  }

  /** Before deliveries are sent. */
  prepare(deliveries: readonly Leased[]): Promise<Leased[]> {
    return this.#endpoints.prepare(deliveries)
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
    const sending = this.#attempt(delivery).finally(() => {
      this.#inFlight.delete(sending)
      this.#inFlightByEndpoint.set(endpointId, this.#inFlightByEndpoint.get(endpointId)! - 1)
    })
    this.#inFlight.add(sending)
  }

  async #attempt(delivery: Leased): Promise<void> {
    this.#settlements.add(await attempt(delivery, this.#endpoints.of(delivery), this.#send))
  }
}
