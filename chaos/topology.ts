// The system's topology: the endpoints, how their receivers behave, and settings with which a whole retry schedule passes
// in minutes.
import { randomBytes } from 'node:crypto'
import type { Endpoint } from './records.ts'

/** How a receiver answers when it has no outage. */
export type Behavior =
  /** 200 at once. */
  | 'good'
  /** A 500, a 503 or a reset for three of ten requests. */
  | 'flaky'
  /** After 100 ms to 1 s; one of fifty is answered after the sender has given up. */
  | 'slow'
  /** 200, a part of the body, and then a reset. */
  | 'cut'

export interface Receiver extends Endpoint {
  behavior: Behavior
  secret: string
}

const allTypes = ['order.', 'fact.']
const receiver = (name: string, behavior: Behavior, more: Partial<Endpoint> = {}): Receiver => ({
  name,
  behavior,
  types: allTypes,
  ordered: false,
  secret: `whsec_${randomBytes(32).toString('base64')}`,
  ...more,
})

export const allReceivers = (): Receiver[] => [
  receiver('good', 'good', { types: [...allTypes, 'quiet.'] }),
  receiver('flaky', 'flaky'),
  receiver('slow', 'slow'),
  receiver('dying', 'good'),
  receiver('cutting', 'cut'),
  receiver('ordered', 'flaky', { ordered: true }),
]

/** Events of a quiet period must reach it within promptMs. */
export const promptEndpoint = 'good'
/** It has every other outage. */
export const dyingEndpoint = 'dying'

export const requestTimeoutSeconds = 2
export const leaseSeconds = 7

/** 40 attempts over some minutes: no outage here lasts long enough for a dead letter, so each dead letter is a finding. */
const retrySchedule = [0.5, 1, 1, 2, 2, 3, 3, ...Array.from({ length: 32 }, () => 5)]

export const settings = {
  OUTBOX_API_KEYS: 'chaos:admin:chaos',
  OUTBOX_MASTER_KEYS: `chaos:${randomBytes(32).toString('base64')}`,
  OUTBOX_ORDERS_PUBLIC: 'true',
  OUTBOX_ALLOW_HTTP: 'true',
  OUTBOX_ALLOW_PRIVATE_NETWORKS: '127.0.0.0/8',
  OUTBOX_REQUEST_TIMEOUT_SECONDS: String(requestTimeoutSeconds),
  OUTBOX_LEASE_SECONDS: String(leaseSeconds),
  OUTBOX_RETRY_SCHEDULE: retrySchedule.join(),
  // Long enough that an event found only by the poll is late, and the checker reports it.
  OUTBOX_POLL_SECONDS: '10',
  OUTBOX_HEALTH_PORT: '0',
  // Log every attempt: the checker needs to know the sender of each.
  OUTBOX_LOG_ATTEMPTS_PER_SECOND: '1000000',
}
