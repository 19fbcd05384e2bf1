// Step 9, first part: what the request brought back becomes an outcome with a kind. What we do about it is decided later.
import type { FailureKind } from './failures.ts'
import { parseRetryAfter } from './retry-after.ts'
import { type Response, SendError } from './send.ts'

/** What we saw. */
export type Outcome = Delivered | Failed

export interface Delivered {
  readonly kind: 'delivered'
  readonly status: number
  readonly body: string
}

export interface Failed {
  readonly kind: 'failed'
  readonly error: FailureKind
  /** null when there was no response. */
  readonly status: number | null
  readonly body: string | null
  /** The receiver asked for a pause: so long, at most a day. */
  readonly retryAfterSeconds: number | null
}

/** The status alone decides: a body that broke off changes nothing. `nowMs`: milliseconds since 1970. */
export function classify(seen: Response | SendError, nowMs: number): Outcome {
  if (seen instanceof SendError) return withoutResponse(seen.kind)
  const { status } = seen
  const body = bodyText(seen.body)
  if (status >= 200 && status <= 299) return { kind: 'delivered', status, body }
  const retryAfterSeconds = mayAskForPause(status) ? parseRetryAfter(seen.retryAfter, seen.date, nowMs) : null
  const error = failureOf(status, retryAfterSeconds !== null)
  return { kind: 'failed', error, status, body, retryAfterSeconds }
}

export function withoutResponse(error: FailureKind): Failed {
  return { kind: 'failed', error, status: null, body: null, retryAfterSeconds: null }
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

/** How much of a response's body is kept, in bytes of UTF-8. */
export const maxBodyTextBytes = 1024

/** Text that Postgres accepts, made of any bytes: invalid UTF-8 is replaced, NUL left out, no character is cut in two. */
function bodyText(body: Uint8Array): string {
  const text = decoded(body).replaceAll('\0', '')
  if (text.length * 3 <= maxBodyTextBytes) return text
  // The replacement of a bad byte takes three, so a text that was short enough may be too long now.
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxBodyTextBytes))
  return text.slice(0, read)
}

function decoded(body: Uint8Array): string {
  if (body.length <= maxBodyTextBytes) return decoder.decode(body)
  // stream: a character that the cut goes through is left out, not replaced.
  return new TextDecoder().decode(body.subarray(0, maxBodyTextBytes), { stream: true })
}
const decoder = new TextDecoder()

// Next: delivery/retry.ts
