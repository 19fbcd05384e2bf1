// The callbacks of a Send as a promise: what is seen, or a rejection with why there is no response.
import { type Response, type Send, SendError, type SignedRequest } from '../../delivery/send.ts'

export function sent(send: Send, request: SignedRequest, timeoutSeconds: number): Promise<Response> {
  return new Promise((answer, fail) => {
    send(request, timeoutSeconds, seen => (seen instanceof SendError ? fail(seen) : answer(seen)), fail)
  })
}

/** A name, its value, the next name, … */
export const flat = (headers: Record<string, string>): string[] => Object.entries(headers).flat()
