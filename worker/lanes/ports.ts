// What the lanes are told of a statement, and what they ask of the rest of the listener.
import type { Endpoint } from '../../delivery/endpoint.ts'
import type { Leased } from '../../delivery/types.ts'
import type { Capacities } from '../../drizzle/store.ts'

/** What a statement was told, and what it may have left in the table. */
export interface Asked {
  readonly capacities: Capacities
  readonly askedAt: number
  /** How long what it brought is leased; it was leased at `askedAt` or later. */
  readonly leaseMs: number
  readonly leftMore: boolean
}

export interface LanesPorts {
  /** Makes the attempt and records it. Calls back when it is over, never before it returns; never throws. */
  readonly attempt: (delivery: Leased, endpoint: Endpoint, onOver: () => void) => void
  /** Ends the leases of what is not sent; never throws. */
  readonly release: (deliveries: readonly Leased[]) => Promise<void>
  readonly clock: () => number
}
