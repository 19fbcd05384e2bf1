// Receiver kit: lets a webhook through only if it really comes from the sender, is fresh, and is unchanged. The body is
// parsed after its signature has been verified. Repeats pass: they are dropped by the statement that has the effect, which
// writes a receipt too (drizzle/shop/queries/bill_order.sql), so a crash in between neither loses the effect nor doubles it.
import { createMiddleware } from 'hono/factory'
import { verify } from '../../../delivery/verify.ts'
import { decodeUtf8 } from '../../http/body.ts'
import { parseJson } from '../../http/json.ts'
import { badInput, problem } from '../../http/problem.ts'
import type { App } from '../../settings.ts'
import { readShopSettings, type ShopSettings } from '../settings.ts'

export interface Webhook {
  /** The same in every repeat: receivers drop repeats by it. */
  readonly id: string
  readonly timestampSeconds: number
  /** Parsed exactly: a large whole number is a bigint. */
  readonly body: unknown
}

/** Several secrets while the endpoint's is being changed. */
export function verified(secretsOf: (settings: ShopSettings) => readonly string[]) {
  return createMiddleware<{ Bindings: App['Bindings']; Variables: App['Variables'] & { webhook: Webhook } }>(
    async (c, next) => {
      const secrets = secretsOf(await readShopSettings(c.env))
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
  missing_headers: 'The headers webhook-id, webhook-timestamp and webhook-signature are required.',
  timestamp: 'The webhook is too old, or from the future.',
  signature: 'The signature does not match.',
}

function parseOrNull(bytes: Uint8Array): unknown {
  try {
    return parseJson(decodeUtf8(bytes))
  } catch {
    return null
  }
}
