// What the demo receivers share: a verified webhook about an order, and the answer to it.
import { z } from '@hono/zod-openapi'
import { badInput, inputErrors } from '../../http/problem.ts'
import { type Reply, reply } from '../../http/reply.ts'
import { RowId, responses } from '../../openapi/schemas.ts'
import type { Webhook } from './verified.ts'

const Envelope = z.object({ type: z.string(), data: z.unknown() })
const OrderData = z.object({ order_id: RowId })

export interface OrderWebhook {
  readonly webhookId: string
  readonly type: string
  readonly orderId: bigint
}

/** Repeats and unexpected types get this answer too: with any other the sender would send again. */
export const received = () => reply({ received: true })
export const receives = responses(z.object({ received: z.literal(true) }), 'It has arrived, now or before')

/** `use` gets the webhooks about orders, repeats included. */
export async function receiveOrderWebhook(
  { id, body }: Webhook,
  use: (webhook: OrderWebhook) => Promise<unknown>,
): Promise<Reply> {
  const envelope = Envelope.safeParse(body)
  if (!envelope.success) return badInput(...inputErrors(envelope.error))
  const { type, data } = envelope.data
  if (!type.startsWith('order.')) return received()
  const order = OrderData.safeParse(data)
  if (!order.success) return badInput(...inputErrors(order.error))
  await use({ webhookId: id, type, orderId: order.data.order_id })
  return received()
}
