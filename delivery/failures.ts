// What each kind of failure means and what follows from it, in one table. Settlement, redaction for tenants, the detection
// of network outages and the documentation are made from it, so a kind that lacks an answer does not compile.
import { maxEventBytes } from './body.ts'

export interface FailureRule {
  /** For people, in whole sentences. */
  readonly meaning: string
  /** What becomes of the delivery. */
  readonly next: NextStep
  /**
   * What a key with a tenant sees. `unreachable` covers every way of not reaching an HTTP server: otherwise a URL would
   * tell its author what there is at an address of our network. What a server has answered, its owner may know.
   */
  readonly tenantSees: 'same' | 'unreachable'
  /** Many receivers failing like this at once point to our own network (worker/send/network-outage-detector.ts). */
  readonly mayBeOurNetwork: boolean
}

/** An attempt that does not count is made again after this time. */
export const retrySoonSeconds = 5

/** The ways a failed delivery can go on, each a function of settlement.ts. The sentences answer "is it tried again?" */
export const nextSteps = {
  retry: 'on the schedule',
  retrySoon: `after ${retrySoonSeconds} s; does not count as an attempt`,
  giveUp: 'no: the delivery is dead',
  disableEndpoint: 'no: the delivery is dead, and the endpoint is disabled',
} as const
export type NextStep = keyof typeof nextSteps

/** The documented list: an attempt's `error` is one of these. */
export const failures = {
  timeout: {
    meaning: 'There was no answer within the time limit, which covers DNS, connecting, TLS and the response.',
    next: 'retry',
    tenantSees: 'unreachable',
    mayBeOurNetwork: true,
  },
  dns: {
    meaning: 'The host name could not be resolved.',
    next: 'retry',
    tenantSees: 'unreachable',
    mayBeOurNetwork: true,
  },
  connection: {
    meaning: 'The connection was refused, reset or closed before a response came.',
    next: 'retry',
    tenantSees: 'unreachable',
    mayBeOurNetwork: true,
  },
  tls: {
    meaning: 'The TLS handshake failed, or the certificate is expired, self-signed or for another name.',
    next: 'retry',
    tenantSees: 'unreachable',
    mayBeOurNetwork: true,
  },
  blocked_address: {
    meaning: 'The host is, or resolves to, an address that webhooks may not reach.',
    next: 'retry',
    tenantSees: 'unreachable',
    mayBeOurNetwork: false,
  },
  redirect: {
    meaning: 'The receiver answered with a redirect; redirects are never followed.',
    next: 'retry',
    tenantSees: 'same',
    mayBeOurNetwork: false,
  },
  bad_status: {
    meaning: 'The receiver answered with a status that is not 2xx.',
    next: 'retry',
    tenantSees: 'same',
    mayBeOurNetwork: false,
  },
  gone: {
    meaning: 'The receiver answered 410: it wants no more webhooks.',
    next: 'disableEndpoint',
    tenantSees: 'same',
    mayBeOurNetwork: false,
  },
  throttled: {
    meaning: 'The receiver asked for fewer requests: 429, or 502, 503 or 504 with Retry-After.',
    next: 'retry',
    tenantSees: 'same',
    mayBeOurNetwork: false,
  },
  bad_response: {
    meaning: 'What came back is not a valid HTTP response.',
    next: 'retry',
    tenantSees: 'unreachable',
    mayBeOurNetwork: false,
  },
  body_too_large: {
    meaning: `The event is too large to be sent (over ${maxEventBytes >> 20} MiB): the receiver was not contacted.`,
    next: 'giveUp',
    tenantSees: 'same',
    mayBeOurNetwork: false,
  },
  secret_unavailable: {
    meaning: 'The signing secret could not be opened, so nothing was sent.',
    next: 'retry',
    tenantSees: 'same',
    mayBeOurNetwork: false,
  },
  invalid_endpoint: {
    meaning: 'The endpoint cannot be sent to as it is configured, so nothing was sent.',
    next: 'retry',
    tenantSees: 'same',
    mayBeOurNetwork: false,
  },
  exhausted: {
    meaning: 'The sender had no socket left, so nothing was sent.',
    next: 'retrySoon',
    tenantSees: 'same',
    mayBeOurNetwork: false,
  },
  interrupted: {
    meaning:
      'The sender stopped during the attempt; whether the receiver got the request is not known. ' +
      'After a crash the first retry does not wait for the schedule.',
    next: 'retry',
    tenantSees: 'same',
    mayBeOurNetwork: false,
  },
} as const satisfies Record<string, FailureRule>

export type FailureKind = keyof typeof failures

/** The kinds in the table's order. */
export const failureKinds = Object.keys(failures) as FailureKind[]
