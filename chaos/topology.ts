// Who takes part: the endpoints, their receivers' habits, and settings short enough for an evening's worth of retries to
// pass in minutes.
import { randomBytes } from 'node:crypto'
import type { Endpoint } from './records.ts'

/** What a receiver does when it is not in an outage. */
export type Habit =
  /** Answers 200 at once. */
  | 'good'
  /** Three of ten get a 500, a 503 or a reset. */
  | 'flaky'
  /** Takes a tenth of a second to a second; one of fifty is answered after the sender has given up. */
  | 'slow'
  /** 200, a part of the body, and then a reset. */
  | 'cut'

export interface Actor extends Endpoint {
  habit: Habit
  secret: string
}

const all = ['order.', 'fact.']
const actor = (name: string, habit: Habit, more: Partial<Endpoint> = {}): Actor => ({
  name,
  habit,
  types: all,
  ordered: false,
  secret: `whsec_${randomBytes(32).toString('base64')}`,
  ...more,
})

export const cast = (): Actor[] => [
  actor('good', 'good', { types: [...all, 'hush.'] }),
  actor('flaky', 'flaky'),
  actor('slow', 'slow'),
  actor('dying', 'good'),
  actor('cutting', 'cut'),
  actor('ordered', 'flaky', { ordered: true }),
]

/** Its events must come at once in a hush. */
export const promptEndpoint = 'good'
/** It has every other outage. */
export const dyingEndpoint = 'dying'

export const requestTimeoutSeconds = 2
export const leaseSeconds = 7

/** 40 attempts over some minutes: no outage of ours makes a dead letter, so every one of them is news. */
const retrySchedule = [0.5, 1, 1, 2, 2, 3, 3, ...Array.from({ length: 32 }, () => 5)]

export const settings = {
  OUTBOX_API_KEYS: 'lab:admin:lab',
  OUTBOX_MASTER_KEYS: `lab:${randomBytes(32).toString('base64')}`,
  OUTBOX_ORDERS_PUBLIC: 'true',
  OUTBOX_ALLOW_HTTP: 'true',
  OUTBOX_ALLOW_PRIVATE_NETWORKS: '127.0.0.0/8',
  OUTBOX_REQUEST_TIMEOUT_SECONDS: String(requestTimeoutSeconds),
  OUTBOX_LEASE_SECONDS: String(leaseSeconds),
  OUTBOX_RETRY_SCHEDULE: retrySchedule.join(),
  // So long that an event which only the poll finds is late, and the checker sees it.
  OUTBOX_POLL_SECONDS: '10',
  OUTBOX_HEALTH_PORT: '0',
  // Every line: the checker wants to know who sent what.
  OUTBOX_LOG_ATTEMPTS_PER_SECOND: '1000000',
}
