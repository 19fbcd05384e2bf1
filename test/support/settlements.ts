// Settlements as a sender makes them, for tests of how they are recorded.
import type { Leased, Settlement } from '../../delivery/types.ts'

export function success(leased: Leased): Settlement {
  return {
    eventId: leased.eventId,
    endpointId: leased.endpointId,
    lease: leased.lease,
    group: leased.group,
    attempt: leased.attempt,
    occurredAt: leased.occurredAt,
    state: 'delivered',
    retryInSeconds: null,
    pauseEndpointSeconds: null,
    endpointGone: false,
    countsAsAttempt: true,
    error: null,
    status: 204,
    body: 'ok',
    durationMs: 12,
    startedAt: 0,
  }
}

/** Will be retried, unless `differs` changes that. */
export function failure(leased: Leased, differs: Partial<Settlement>): Settlement {
  return { ...success(leased), state: 'pending', error: 'timeout', status: null, body: null, ...differs }
}
