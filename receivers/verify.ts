// For receivers: is this webhook from the sender we know, is it fresh, is it unchanged? If so, what does it say?
import { verify as verifySignature } from '../delivery/verify.ts'
import { type Problem, whatIsWrong } from './problem.ts'
import { bodyOf, headersOf, type IncomingWebhook } from './request.ts'

/** What a body holds. `outbox types` writes the union of your own events. */
export interface AnyEvent {
  readonly type: string
  /** When it happened: ISO 8601, UTC. */
  readonly timestamp: string
  readonly data: unknown
}

export type Verified<Events extends AnyEvent = AnyEvent> =
  | {
      readonly ok: true
      readonly event: Events
      /** The same in every repeat: drop repeats by it. */
      readonly webhookId: string
      /** When this attempt was made, in Unix seconds. */
      readonly timestampSeconds: number
      /** The body as text, for a parser that keeps whole numbers above 2^53. */
      readonly text: string
    }
  | { readonly ok: false; readonly problem: Problem; readonly message: string }

/**
 * `secret` is `whsec_…` or `whpk_…`; several while it is being rotated. Throws a TypeError if it is missing or none of these:
 * then the receiver is set up wrongly, and nothing was verified.
 */
export async function verify<Events extends AnyEvent = AnyEvent>(
  request: IncomingWebhook,
  secret: string | readonly string[] | undefined,
  { nowSeconds = Date.now() / 1000 }: { readonly nowSeconds?: number } = {},
): Promise<Verified<Events>> {
  const secrets = [secret].flat().map(one => one?.trim())
  if (secrets.length === 0 || secrets.includes('') || secrets.includes(undefined))
    throw new TypeError('expected a secret: is its environment variable set?')
  const headers = headersOf(request)
  const body = await bodyOf(request)
  const sent = { headers, body, secrets: secrets as string[], nowSeconds }
  const checked = await verifySignature(headers, body ?? new Uint8Array(), sent.secrets, nowSeconds)
  if (!checked.ok) return { ok: false, ...whatIsWrong(checked.problem, sent) }
  const text = new TextDecoder().decode(body!)
  const event = parse(text)
  if (!event) return { ok: false, problem: 'body', message: 'The body is signed, but it is no event.' }
  return { ...checked, event: event as Events, text }
}

function parse(text: string): AnyEvent | null {
  try {
    const event = JSON.parse(text)
    return typeof event.type === 'string' ? event : null
  } catch {
    return null
  }
}
