// How a receiver reads a webhook: signature first, over the raw bytes; only then is the body believed.
import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { verify } from '../../delivery/verify.ts'
import { decodeUtf8 } from '../body.ts'
import { parseJson } from '../json.ts'
import { badInput, inputErrors, problem } from '../problem.ts'
import { type Reply, reply } from '../reply.ts'
import { answers, RowId } from '../schemas.ts'
import type { App } from '../settings.ts'

const Envelope = z.object({ type: z.string(), data: z.unknown() })
const OrderData = z.object({ order_id: RowId })

export interface OrderWebhook {
  /** The same in every repeat: what receivers drop repeats by. */
  readonly webhookId: string
  readonly type: string
  readonly orderId: bigint
}

/** Repeats, and types that nobody asked for, are welcome too: whoever gets another answer sends again. */
export const received = () => reply({ received: true })
export const receives = answers(z.object({ received: z.literal(true) }), 'It has arrived, now or before')

/** `use` gets the webhooks about orders; it must cope with repeats. */
export async function receiveOrderWebhook(
  c: Context<App>,
  secrets: readonly string[],
  use: (webhook: OrderWebhook) => Promise<unknown>,
): Promise<Reply> {
  if (secrets.length === 0) return problem(503, "This receiver's secret is not set.")
  const body = await c.req.bytes()
  const verified = await verify(c.req.raw.headers, body, secrets, Date.now() / 1000)
  if (!verified.ok) return problem(401, refusals[verified.problem])
  const envelope = Envelope.safeParse(parseOrNull(body))
  if (!envelope.success) return badInput(...inputErrors(envelope.error))
  const { type, data } = envelope.data
  if (!type.startsWith('order.')) return received()
  const order = OrderData.safeParse(data)
  if (!order.success) return badInput(...inputErrors(order.error))
  await use({ webhookId: verified.webhookId, type, orderId: order.data.order_id })
  return received()
}

const refusals = {
  missing_headers: 'Not all of webhook-id, webhook-timestamp and webhook-signature are there.',
  timestamp: 'The webhook is too old, or from the future.',
  signature: 'The signature is not one of ours.',
}

/** null is no envelope either. */
function parseOrNull(body: Uint8Array): unknown {
  try {
    return parseJson(decodeUtf8(body))
  } catch {
    return null
  }
}
