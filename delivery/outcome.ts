// Stop 9, first step: what the request brought back becomes a kind. What we do about it is decided later.
// Next: delivery/retry.ts
import { parseRetryAfter } from './retry.ts'
import { type FailureKind, type Outcome, type Response, SendError } from './types.ts'

/** The documented list: an attempt's `error` is one of these. */
export const failureKinds: Readonly<Record<FailureKind, string>> = {
  timeout: 'There was no answer within the time limit, which covers DNS, connecting, TLS and the response.',
  dns: 'The host name could not be resolved.',
  connection: 'The connection was refused, reset or closed before a response came.',
  tls: 'The TLS handshake failed, or the certificate is expired, self-signed or for another name.',
  blocked_address: 'The host is, or resolves to, an address that webhooks may not reach.',
  redirect: 'The receiver answered with a redirect; redirects are never followed.',
  bad_status: 'The receiver answered with a status that is not 2xx.',
  gone: 'The receiver answered 410: it wants no more webhooks, and the endpoint was disabled.',
  throttled: 'The receiver asked for fewer requests: 429, or 502, 503 or 504 with Retry-After.',
  bad_response: 'What came back is not a valid HTTP response.',
  body_too_large:
    'The event is too large to be sent (over 4 MiB): the receiver was not contacted, and there is no other attempt.',
  secret_unavailable: 'The signing secret could not be opened, so nothing was sent.',
  invalid_endpoint: 'The endpoint cannot be sent to as it is configured, so nothing was sent.',
  exhausted: 'The sender had no socket left, so nothing was sent; it does not count as an attempt.',
  interrupted: 'The sender stopped during the attempt; whether the receiver got the request is not known.',
}

/** The status decides, and it alone: a body that broke off changes nothing. */
export function classify(seen: Response | SendError, nowMs = Date.now()): Outcome {
  if (seen instanceof SendError) {
    return { kind: 'failed', error: seen.kind, status: null, body: null, retryAfterSeconds: null }
  }
  const { status } = seen
  const body = bodyText(seen.body)
  if (status >= 200 && status <= 299) return { kind: 'delivered', status, body }
  const retryAfterSeconds = mayAskForPause(status) ? parseRetryAfter(seen.retryAfter, seen.date, nowMs) : null
  return {
    kind: 'failed',
    error: failureOf(status, retryAfterSeconds !== null),
    status,
    body,
    retryAfterSeconds,
  }
}

function mayAskForPause(status: number): boolean {
  return status === 429 || status === 502 || status === 503 || status === 504
}

function failureOf(status: number, asksForPause: boolean): FailureKind {
  if (status === 410) return 'gone'
  if (status === 429 || asksForPause) return 'throttled'
  if (status >= 300 && status <= 399) return 'redirect'
  return status >= 100 && status <= 599 ? 'bad_status' : 'bad_response'
}

/** What is kept of a response's body, in bytes of UTF-8. */
export const maxBodyTextBytes = 1024

/** Text that Postgres takes, whatever came: invalid UTF-8 is replaced, NUL left out, the end is the end of a character. */
function bodyText(body: Uint8Array): string {
  const text = decoded(body).replaceAll('\0', '')
  if (text.length * 3 <= maxBodyTextBytes) return text
  // A replaced byte takes three, so what fitted before may be too long now.
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxBodyTextBytes))
  return text.slice(0, read)
}

function decoded(body: Uint8Array): string {
  if (body.length <= maxBodyTextBytes) return decoder.decode(body)
  // stream: a character that the cut goes through is left out, not replaced.
  return new TextDecoder().decode(body.subarray(0, maxBodyTextBytes), { stream: true })
}
const decoder = new TextDecoder()
