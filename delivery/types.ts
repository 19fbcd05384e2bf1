// The words everything else is written in: what a sender is handed, what it sees, what it writes down.

declare const brand: unique symbol
type Id<Name extends string> = string & { readonly [brand]: Name }
/** Database ids as decimal text: they may be larger than a JavaScript number holds. */
export type EventId = Id<'event'>
export type EndpointId = Id<'endpoint'>

export type Sender = 'listener' | 'cron'

/** A delivery this sender holds a lease on: it alone may send and settle it, until the lease ends. */
export interface Leased {
  readonly eventId: EventId
  readonly endpointId: EndpointId
  /** The fencing token: settling is a no-op once somebody else holds the delivery. */
  readonly lease: string
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
  /** When the event happened, ISO 8601 UTC. */
  readonly timestamp: string
  /** The event's data: the very text Postgres gave. */
  readonly data: string
  /** Who changed the row, and in which trace, as the writer's transaction said: not checked by anybody. */
  readonly actor: string | null
  readonly traceparent: string | null
  /** With a rate limit: its slot is so many seconds from the claim on; null = it may start at once. */
  readonly startIn: number | null
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
  /** All keys that sign now, the newest first. */
  readonly secrets: readonly {
    readonly id: string
    readonly signing: 'hmac' | 'ed25519'
    readonly sealed: string
  }[]
}

/** The same, ready for use: secrets opened, defaults filled in. */
export interface Endpoint {
  readonly id: EndpointId
  readonly version: number
  /** The public id, for logs. */
  readonly publicId: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** All keys that sign now: several during a rotation, the newest first. */
  readonly signers: readonly Signer[]
  readonly maxInFlight: number
  readonly ratePerSecond: number | null
  readonly timeoutSeconds: number
  /** Waits in seconds after attempt 1, 2, …; after the last one a failure is final. */
  readonly retrySchedule: readonly number[]
  /** A tenant's, who may not be an operator (redact.ts). */
  readonly isTenants: boolean
  /** Why nothing can be sent to it at all, whatever the receiver does; null = it can be used. */
  readonly fault: 'secret_unavailable' | 'invalid_endpoint' | null
}

/** Makes one part of the `webhook-signature` header (`v1,…` or `v1a,…`) over the exact bytes. */
export type Signer = (signed: Uint8Array<ArrayBuffer>) => Promise<string> | string

/** One secret value as it lies in the database, in hexadecimal. */
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

/** A request ready to go. */
export interface SignedRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array<ArrayBuffer>
}

/** What a transport brings back: a status and as much of the body as anybody wants to keep. */
export interface Response {
  readonly status: number
  readonly retryAfter: string | null
  /** The header: what time it is by the receiver's clock. */
  readonly date: string | null
  /** At most 64 KiB were read; what broke off after the status line was known is simply not there. */
  readonly body: Uint8Array
}

/** Why there is no usable response. The sentences are in outcome.ts. */
export type FailureKind =
  | 'timeout'
  | 'dns'
  | 'connection'
  | 'tls'
  | 'blocked_address'
  | 'redirect'
  | 'bad_status'
  | 'gone'
  | 'throttled'
  | 'bad_response'
  | 'body_too_large'
  | 'secret_unavailable'
  | 'invalid_endpoint'
  | 'exhausted'
  | 'interrupted'

/** What a transport throws: the kind only, because the texts of lower layers may carry addresses and headers. */
export class SendError extends Error {
  readonly kind: FailureKind
  constructor(kind: FailureKind) {
    super(kind)
    this.name = 'SendError'
    this.kind = kind
  }
}

/** Sends one request and reads the answer within the signal's time. Never follows a redirect; throws only SendError. */
export type Transport = (request: SignedRequest, signal: AbortSignal) => Promise<Response>

/** What we saw. `retryAfterSeconds`: the receiver asked for a pause, already bounded. */
export type Outcome =
  | { readonly kind: 'delivered'; readonly status: number; readonly body: string }
  | {
      readonly kind: 'failed'
      readonly error: FailureKind
      readonly status: number | null
      readonly body: string | null
      readonly retryAfterSeconds: number | null
    }

/** What is written down: the delivery's next state, and the attempt. */
export interface Settlement {
  readonly eventId: EventId
  readonly endpointId: EndpointId
  readonly lease: string
  readonly attempt: number
  readonly state: 'delivered' | 'pending' | 'dead'
  /** With state pending: how long to wait from now, in seconds. */
  readonly retryInSeconds: number | null
  /** The receiver asked every request to wait this long, in seconds. */
  readonly pauseEndpointSeconds: number | null
  /** 410: the receiver does not want this endpoint any more. */
  readonly endpointGone: boolean
  /** False: it was our own network that failed, so it costs neither an attempt nor the endpoint's reputation. */
  readonly countsAsAttempt: boolean
  readonly error: FailureKind | null
  readonly status: number | null
  readonly body: string | null
  /** How long the request took, and how long ago it began when this is written: clocks of senders are not trusted. */
  readonly durationMs: number
  readonly startedAt: number
}

/** Milliseconds of a clock that never steps back (performance.now). */
export type MonotonicClock = () => number
/** A number in [0, 1). */
export type Random = () => number
