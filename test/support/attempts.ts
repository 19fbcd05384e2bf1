// A leased delivery and its endpoint, for tests of the rules that need no database.
import type { Endpoint } from '../../delivery/endpoint.ts'
import type { EndpointId, EventId, Leased, SealedEndpoint } from '../../delivery/types.ts'

export function leased(differs: Partial<Leased> = {}): Leased {
  return {
    eventId: '1' as EventId,
    endpointId: '2' as EndpointId,
    lease: 'a:1',
    group: null,
    attempt: 1,
    attemptsUsed: 0,
    version: 1,
    publicId: 'dlv_1',
    webhookId: 'evt_1',
    type: 'order.shipped',
    timestamp: '2026-11-06T12:00:00Z',
    occurredAt: 1_793_966_400_000_000,
    data: '{"id": 1}',
    actor: null,
    traceparent: null,
    startIn: null,
    sequence: null,
    ...differs,
  }
}

/** As the database keeps it; without secrets. */
export function sealedEndpoint(differs: Partial<SealedEndpoint> = {}): SealedEndpoint {
  return {
    id: '2' as EndpointId,
    version: 1,
    publicId: 'ep_2',
    url: 'https://receiver.example/hooks',
    sealedHeaders: null,
    maxInFlight: 10,
    ratePerSecond: null,
    timeoutSeconds: null,
    retrySchedule: null,
    isTenants: false,
    format: 'standard',
    sequence: false,
    secrets: [],
    ...differs,
  }
}

/** Without signers: JSON, and so workerd, can take it. */
export function endpoint(differs: Partial<Endpoint> = {}): Endpoint {
  const { sealedHeaders: _, secrets: __, ...settings } = sealedEndpoint()
  return {
    ...settings,
    headers: {},
    signers: [],
    timeoutSeconds: 15,
    retrySchedule: [10, 100],
    fault: null,
    ...differs,
  }
}
