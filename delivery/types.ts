// What the database and a sender exchange: what is claimed, what an endpoint looks like there, what is written down.
import type { FailureKind } from './failures.ts'
import type { Signing } from './keys.ts'

declare const brand: unique symbol
type Id<Name extends string> = string & { readonly [brand]: Name }
/** Database ids as decimal text: they may be larger than a JavaScript number holds. */
export type EventId = Id<'event'>
export type EndpointId = Id<'endpoint'>

export type Sender = 'listener' | 'cron' | 'pull' | 'edge'

/** A delivery this sender holds a lease on: it alone may send and settle it, until the lease ends. */
export interface Leased {
  readonly eventId: EventId
  readonly endpointId: EndpointId
  /** The fencing token: settling is a no-op once another sender holds the delivery. */
  readonly lease: string
  /** The group of deliveries that were leased with it; null = it has a row of its own. */
  readonly group: EventId | null
  /** The attempt this lease is for; the first is number 1. */
  readonly attempt: number
  /** How many attempts of the present retry budget came before it; 0 for the first. */
  readonly attemptsUsed: number
  /** The endpoint's version when the delivery was claimed. */
  readonly version: number
  /** The public id of the delivery, `dlv_…`. */
  readonly publicId: string
  /** The public id of the event: `webhook-id`. */
  readonly webhookId: string
  readonly type: string
  /** When the event happened, ISO 8601 UTC, */
  readonly timestamp: string
  /** and in microseconds since 1970. */
  readonly occurredAt: number
  /** The event's data: the very text Postgres gave. */
  readonly data: string
  /** Who changed the row, and in which trace. The writer's transaction said so, and nobody has checked it. */
  readonly actor: string | null
  readonly traceparent: string | null
  /** Seconds from the claim to the delivery's slot, for an endpoint with a rate limit; null = it may start at once. */
  readonly startIn: number | null
  /** Its number among the endpoint's deliveries; null = the endpoint asks for none. */
  readonly sequence: bigint | null
}

/** One consistent version of an endpoint as the database keeps it: what is secret is sealed, in hexadecimal. */
export interface SealedEndpoint {
  readonly id: EndpointId
  readonly version: number
  readonly publicId: string
  readonly url: string
  readonly sealedHeaders: string | null
  readonly maxInFlight: number
  readonly ratePerSecond: number | null
  readonly timeoutSeconds: number | null
  readonly retrySchedule: readonly number[] | null
  readonly isTenants: boolean
  readonly format: 'standard' | 'slack'
  /** Each delivery has a number. */
  readonly sequence: boolean
  /** All keys that sign now, the newest first. */
  readonly secrets: readonly {
    readonly id: string
    readonly signing: Signing
    readonly sealed: string
  }[]
}

/** One secret value as the database keeps it, in hexadecimal. */
export interface SealedValue {
  readonly endpointId: string
  /** null = the endpoint's custom headers. */
  readonly secretId: string | null
  readonly sealed: string
}

/** With the same value under the master key that seals now. */
export interface Rewrapped extends SealedValue {
  readonly rewrapped: string
}

/** What is written down: the delivery's next state, and the attempt. */
export interface Settlement {
  readonly eventId: EventId
  readonly endpointId: EndpointId
  readonly lease: string
  readonly group: EventId | null
  readonly attempt: number
  readonly state: 'delivered' | 'pending' | 'dead'
  /** With state pending: how long to wait from now, in seconds. */
  readonly retryInSeconds: number | null
  /** The receiver asked every request to wait this long, in seconds. */
  readonly pauseEndpointSeconds: number | null
  /** 410: the receiver does not want this endpoint any more. */
  readonly endpointGone: boolean
  /** False: the fault was ours, so the delivery loses no attempt and the endpoint's health does not change. */
  readonly countsAsAttempt: boolean
  readonly error: FailureKind | null
  readonly status: number | null
  readonly body: string | null
  readonly durationMs: number
  /**
   * When the request began, in milliseconds of the sender's monotonic clock. What is written is how long ago that was:
   * wall clocks of senders are not trusted.
   */
  readonly startedAt: number
  /** The event's, in microseconds since 1970 by the database's clock. */
  readonly occurredAt: number
}
