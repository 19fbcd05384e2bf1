// A leased delivery and its endpoint, for tests of the rules that need no database.
import type { Endpoint } from '../../delivery/endpoint.ts'
import type { EndpointId, EventId, Leased } from '../../delivery/types.ts'

export function leased(differs: Partial<Leased> = {}): Leased {
  return {
    eventId: '1' as EventId,
    endpointId: '2' as EndpointId,
    lease: 'a:1',
    attempt: 1,
    attemptsUsed: 0,
    version: 1,
    publicId: 'dlv_1',
    webhookId: 'evt_1',
    type: 'order.shipped',
    timestamp: '2026-11-06T12:00:00Z',
    data: '{"id": 1}',
    actor: null,
    traceparent: null,
    startIn: null,
    ...differs,
  }
}

/** Without signers: JSON, and so workerd, can take it. */
export function endpoint(differs: Partial<Endpoint> = {}): Endpoint {
  return {
    id: '2' as EndpointId,
    version: 1,
    publicId: 'ep_2',
    url: 'https://receiver.example/hooks',
    headers: {},
    signers: [],
    maxInFlight: 10,
    ratePerSecond: null,
    timeoutSeconds: 15,
    retrySchedule: [10, 100],
    isTenants: false,
    fault: null,
    ...differs,
  }
}
