// What the main thread and a sending thread tell each other. All of it may be handed to another thread: no functions, and
// keys as node:crypto holds them. Master keys stay in the main thread.
import type { Endpoint } from '../../delivery/endpoint.ts'
import type { Leased, Settlement } from '../../delivery/types.ts'
import type { SendSettings } from '../send/delivering.ts'
import { type ImportedKey, keyOf, signerWith } from '../send/signers.ts'

/** What a thread is started with. */
export interface ThreadStart {
  readonly settings: SendSettings
  /** What the main thread's monotonic clock adds to the machine's, in milliseconds: both threads time with one clock. */
  readonly clockOffsetMs: number
}

/** One version of an endpoint. */
export interface HandedEndpoint {
  readonly number: number
  readonly endpoint: Omit<Endpoint, 'signers'>
  readonly keys: readonly ImportedKey[]
}

export interface HandedDelivery {
  /** The answer has the same. */
  readonly number: number
  readonly endpointNumber: number
  readonly delivery: Leased
}

export interface Batch {
  /** On the common clock. */
  readonly handedAt: number
  /** The thread drops all endpoints that it has, before it takes these. */
  readonly forgetsEndpoints: boolean
  /** Those that the thread does not have yet. */
  readonly endpoints: readonly HandedEndpoint[]
  readonly deliveries: readonly HandedDelivery[]
}

export type ToThread = Batch | 'ping'

/** `thrown`: the name of an error that nobody expected. */
export type Answer = { readonly number: number } & (
  | { readonly settlement: Settlement }
  | { readonly thrown: string }
  | { readonly isUnsent: true }
)

export type FromThread = readonly Answer[] | 'ready' | 'pong'

export function handedEndpoint(number: number, { signers, ...endpoint }: Endpoint): HandedEndpoint {
  return { number, endpoint, keys: signers.map(keyOf) }
}

export function takenEndpoint({ endpoint, keys }: HandedEndpoint): Endpoint {
  return { ...endpoint, signers: keys.map(signerWith) }
}

/** The machine’s monotonic clock, which all threads share: where performance.now() of a thread begins, Node does not promise. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
