// A demo receiver: charges the client when an order ships, once, no matter how often the webhook arrives.
import { OpenAPIHono } from '@hono/zod-openapi'
import { billOrder } from '../../../drizzle/shop/queries.gen.ts'
import { defineRoute } from '../../http/define-route.ts'
import type { App } from '../../settings.ts'
import { receiverAccess } from '../access.ts'
import { verified } from './verified.ts'
import { receiveOrderWebhook, receives } from './webhook.ts'

const postBilling = defineRoute({
  method: 'post',
  path: '/receivers/billing',
  operationId: 'receiveForBilling',
  summary: 'Demo receiver: bills shipped orders',
  access: receiverAccess,
  middleware: verified(settings => settings.billingSecrets),
  responses: receives,
})

export const billing = new OpenAPIHono<App>()

billing.openapi(postBilling, c =>
  receiveOrderWebhook(c.var.webhook, async ({ webhookId, type, orderId }) => {
    if (type !== 'order.shipped') return
    await billOrder(c.var.db.run, { webhookId, orderId })
  }),
)
