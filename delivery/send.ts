// Step 8: one POST with one deadline for all of it: DNS, connect, TLS, headers and body. The transport is handed in.
import type { FailureKind } from './failures.ts'

/** A request ready to go. */
export interface SignedRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
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

/** What a transport throws: the kind only, because the texts of lower layers may carry addresses and headers. */
export class SendError extends Error {
  readonly kind: FailureKind
  constructor(kind: FailureKind) {
    super(kind)
    this.name = 'SendError'
    this.kind = kind
  }
}

/** Sends one request and reads the answer within the signal's time. Never follows a redirect; throws only SendError. */
export type Transport = (request: SignedRequest, signal: AbortSignal) => Promise<Response>

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
