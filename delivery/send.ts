// Step 8: one POST with one deadline for all of it: DNS, connect, TLS, headers and body. Who sends it is handed in.
import type { FailureKind } from './failures.ts'

/** A request ready to go. */
export interface SignedRequest {
  readonly url: string
  /** A name, its value, the next name, … */
  readonly headers: readonly string[]
  readonly body: Uint8Array<ArrayBuffer>
}

/** The receiver's answer, as far as it matters. */
export interface Response {
  readonly status: number
  readonly retryAfter: string | null
  /** The `date` header: what time it is by the receiver's clock. */
  readonly date: string | null
  /** At most 64 KiB. Shorter than what the receiver meant to send when the connection broke after the status line. */
  readonly body: Uint8Array
}

/** What is seen instead of a response: the kind only, because the texts of lower layers may carry addresses and headers. */
export class SendError extends Error {
  readonly kind: FailureKind
  constructor(kind: FailureKind) {
    super(kind)
    this.name = 'SendError'
    this.kind = kind
  }
}

/**
 * Sends one request, and never follows a redirect. Calls back once, after it has returned: with the response or with why
 * there is none, at the latest when the time is over, or with an error that nobody expected. It is not made of promises
 * because the listener sends thousands of requests a second.
 */
export type Send = (
  request: SignedRequest,
  timeoutSeconds: number,
  onSeen: (seen: Response | SendError) => void,
  onError: (error: unknown) => void,
) => void

/** The same on promises, as fetch has it. Keeps to the signal's time, and expects to throw only SendError. */
export type Transport = (request: SignedRequest, signal: AbortSignal) => Promise<Response>

export function sendThrough(transport: Transport): Send {
  return (request, timeoutSeconds, onSeen, onError) =>
    void send(request, transport, timeoutSeconds).then(onSeen).catch(onError)
}

/** Not reaching a receiver is a value, not an exception: the next step decides what it means. */
export async function send(
  request: SignedRequest,
  transport: Transport,
  timeoutSeconds: number,
): Promise<Response | SendError> {
  try {
    return await transport(request, AbortSignal.timeout(timeoutSeconds * 1000))
  } catch (error) {
    if (error instanceof SendError) return error
    throw error
  }
}

// Next: delivery/outcome.ts
