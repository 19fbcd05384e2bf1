// Stop 8: one POST, one deadline over all of it: DNS, connect, TLS, headers and body. The transport is handed in.
// Next: delivery/outcome.ts
import { type Response, SendError, type SignedRequest, type Transport } from './types.ts'

/** A receiver that can't be reached is a value: the next stop decides what it means. */
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
