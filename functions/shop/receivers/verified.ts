// Receiver kit: lets only webhooks through that are really from the sender, fresh, and unchanged. The body is believed
// after its signature. Repeats pass: they are dropped where the effect is, by a receipt that is written in the very
// statement (drizzle/shop/queries/bill_order.sql), so that a crash in between can neither lose an effect nor double it.
import { createMiddleware } from 'hono/factory'
import { verify } from '../../../delivery/verify.ts'
import { decodeUtf8 } from '../../http/body.ts'
import { parseJson } from '../../http/json.ts'
import { badInput, problem } from '../../http/problem.ts'
import type { App, Settings } from '../../settings.ts'

export interface Webhook {
  /** The same in every repeat: what receivers drop repeats by. */
  readonly id: string
  readonly timestampSeconds: number
  /** Parsed exactly: a large whole number is a bigint. */
  readonly body: unknown
}

/** Several secrets while the endpoint's is being changed. */
export function verified(secretsOf: (settings: Settings) => readonly string[]) {
  return createMiddleware<{ Bindings: App['Bindings']; Variables: App['Variables'] & { webhook: Webhook } }>(
    async (c, next) => {
      const secrets = secretsOf(c.var.settings)
      if (secrets.length === 0) return problem(503, "This receiver's secret is not set.")
      const bytes = await c.req.bytes()
      const seen = await verify(c.req.raw.headers, bytes, secrets, Date.now() / 1000)
      if (!seen.ok) return problem(401, refusals[seen.problem])
      const body = parseOrNull(bytes)
      if (body === null) return badInput({ path: '', message: 'expected a JSON object' })
      c.set('webhook', { id: seen.webhookId, timestampSeconds: seen.timestampSeconds, body })
      return next()
    },
  )
}

const refusals = {
  missing_headers: 'Not all of webhook-id, webhook-timestamp and webhook-signature are there.',
  timestamp: 'The webhook is too old, or from the future.',
  signature: 'The signature is not one of ours.',
}

function parseOrNull(bytes: Uint8Array): unknown {
  try {
    return parseJson(decodeUtf8(bytes))
  } catch {
    return null
  }
}
