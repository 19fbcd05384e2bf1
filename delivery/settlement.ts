// Step 9, last part: what we saw becomes what is written down. One small function for each way a delivery can go on.
import type { Endpoint } from './endpoint.ts'
import { failures, retrySoonSeconds } from './failures.ts'
import type { Delivered, Failed, Outcome } from './outcome.ts'
import { retryInSeconds } from './retry.ts'
import type { Leased, Settlement } from './types.ts'
import type { Random } from './wait.ts'

/** When a request began on the monotonic clock, and how long it took, both in milliseconds. */
export interface Timing {
  readonly startedAt: number
  readonly durationMs: number
}

/** What a settlement needs of a delivery. */
export type Attempted = Pick<
  Leased,
  'eventId' | 'endpointId' | 'lease' | 'group' | 'attempt' | 'attemptsUsed' | 'occurredAt'
>

export function settle(
  delivery: Attempted,
  endpoint: Pick<Endpoint, 'retrySchedule'>,
  outcome: Outcome,
  timing: Timing,
  random: Random,
): Settlement {
  if (outcome.kind === 'delivered') return delivered(delivery, outcome, timing)
  switch (failures[outcome.error].next) {
    case 'retry': {
      const waitSeconds = retryInSeconds(endpoint.retrySchedule, delivery.attemptsUsed + 1, random)
      return waitSeconds === null
        ? dead(delivery, outcome, timing)
        : retried(delivery, outcome, timing, waitSeconds)
    }
    case 'retrySoon':
      return retriedSoon(delivery, outcome, timing)
    case 'giveUp':
      return dead(delivery, outcome, timing)
    case 'disableEndpoint':
      return gone(delivery, outcome, timing)
  }
}

function delivered(delivery: Attempted, outcome: Delivered, timing: Timing): Settlement {
  return { ...written(delivery, timing), state: 'delivered', status: outcome.status, body: outcome.body }
}

/** Due again after the schedule's wait, or later where the receiver asked for a longer pause. */
function retried(delivery: Attempted, outcome: Failed, timing: Timing, waitSeconds: number): Settlement {
  return {
    ...failed(delivery, outcome, timing),
    state: 'pending',
    retryInSeconds: Math.max(waitSeconds, outcome.retryAfterSeconds ?? 0),
  }
}

/** Due again in a moment, with as many attempts left as before: the receiver has not been tried at all. */
function retriedSoon(delivery: Attempted, outcome: Failed, timing: Timing): Settlement {
  return {
    ...failed(delivery, outcome, timing),
    state: 'pending',
    retryInSeconds: retrySoonSeconds,
    countsAsAttempt: false,
  }
}

/** The schedule is used up, or another attempt could not end differently: a person has to ask for more. */
function dead(delivery: Attempted, outcome: Failed, timing: Timing): Settlement {
  return { ...failed(delivery, outcome, timing), state: 'dead' }
}

/** 410: the receiver wants neither this event nor any other. */
function gone(delivery: Attempted, outcome: Failed, timing: Timing): Settlement {
  return { ...dead(delivery, outcome, timing), endpointGone: true }
}

function failed(delivery: Attempted, outcome: Failed, timing: Timing) {
  return {
    ...written(delivery, timing),
    error: outcome.error,
    status: outcome.status,
    body: outcome.body,
    pauseEndpointSeconds: outcome.retryAfterSeconds,
  }
}

function written(delivery: Attempted, timing: Timing) {
  return {
    eventId: delivery.eventId,
    endpointId: delivery.endpointId,
    lease: delivery.lease,
    group: delivery.group,
    attempt: delivery.attempt,
    occurredAt: delivery.occurredAt,
    retryInSeconds: null,
    pauseEndpointSeconds: null,
    endpointGone: false,
    countsAsAttempt: true,
    error: null,
    ...timing,
  }
}

// Next: drizzle/queries/settle.sql
