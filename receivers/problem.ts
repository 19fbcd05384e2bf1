// What is wrong with a webhook that was refused: for the log of whoever sets up the receiver.
import { toleranceSeconds } from '../delivery/verify.ts'
import type { HeaderReader } from './request.ts'

/**
 * missing_headers: it is no webhook. timestamp: too old, or from the future. body: these are not the bytes that were sent.
 * secret: they are as many as were sent, but no signature was made with this secret. signature: one of the last two, and
 * nothing says which.
 */
export type Problem = 'missing_headers' | 'timestamp' | 'body' | 'secret' | 'signature'

interface Sent {
  readonly headers: HeaderReader
  readonly body: Uint8Array | null
  readonly secrets: readonly string[]
  readonly nowSeconds: number
}

interface Fault {
  readonly problem: Problem
  readonly message: string
}

export function whatIsWrong(problem: 'missing_headers' | 'timestamp' | 'signature', sent: Sent): Fault {
  if (problem === 'missing_headers')
    return {
      problem,
      message: 'A webhook has the headers webhook-id, webhook-timestamp and webhook-signature.',
    }
  return problem === 'timestamp' ? staleness(sent) : mismatch(sent)
}

function staleness({ headers, nowSeconds }: Sent): Fault {
  const seconds = Math.round(nowSeconds - Number(headers.get('webhook-timestamp')))
  const off = Number.isNaN(seconds) ? 'no number' : `${Math.abs(seconds)} s ${seconds > 0 ? 'old' : 'ahead'}`
  return {
    problem: 'timestamp',
    message: `webhook-timestamp is ${off}, and ${toleranceSeconds} s are allowed: a recorded request, or a wrong clock.`,
  }
}

/** A signature does not say what it does not fit. The length that was announced, and its version, do. */
function mismatch({ headers, body, secrets }: Sent): Fault {
  if (!body)
    return {
      problem: 'body',
      message:
        'The body was parsed or read before verify() saw its bytes: see express.raw(), keepRawBody, keepRawBodiesIn.',
    }
  const announced = headers.get('content-length')
  if (announced !== null && Number(announced) !== body.length)
    return { problem: 'body', message: `The body has ${body.length} bytes, and ${announced} were sent.` }
  const isMade = (version: string) => ` ${headers.get('webhook-signature')}`.includes(` ${version},`)
  if (!secrets.some(secret => isMade(secret.startsWith('whsec_') ? 'v1' : 'v1a')))
    return {
      problem: 'secret',
      message: 'The secret is of another kind (HMAC or ed25519) than the signature.',
    }
  if (announced === null)
    return { problem: 'signature', message: 'The secret is another one, or the body has changed on its way.' }
  return {
    problem: 'secret',
    message: "No signature was made with this secret: is it this endpoint's, and the newest?",
  }
}
