// The names that OpenTelemetry gives to what a span tells. Those for messaging are still in development, so they stand here and
// nowhere else. What is never told: URLs, query strings, headers and bodies, because they may hold secrets.
// https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
import type { Endpoint } from '../../delivery/endpoint.ts'
import type { Leased, Settlement } from '../../delivery/types.ts'

export const serviceName = 'outbox-listener'
export const processSpan = 'process outbox'
export const requestSpan = 'POST'

type Attributes = Record<string, string | number>

/** Of the span that is one attempt, whatever it takes. */
export function processAttributes(delivery: Leased, endpoint: Endpoint): Attributes {
  return {
    'messaging.system': 'outbox',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.destination.name': delivery.type,
    'messaging.message.id': delivery.webhookId,
    'outbox.delivery.id': delivery.publicId,
    'outbox.endpoint.id': endpoint.publicId,
    'outbox.attempt': delivery.attempt,
  }
}

/** Of the request in it. */
export function requestAttributes(delivery: Leased, endpoint: Endpoint): Attributes {
  const { hostname, port, protocol } = new URL(endpoint.url)
  return {
    'http.request.method': 'POST',
    'server.address': hostname,
    'server.port': Number(port || (protocol === 'https:' ? 443 : 80)),
    ...(delivery.attempt > 1 && { 'http.request.resend_count': delivery.attempt - 1 }),
  }
}

export function outcomeAttributes({ status, error }: Settlement): Attributes {
  return {
    ...(status !== null && { 'http.response.status_code': status }),
    ...(error !== null && { 'error.type': error }),
  }
}
