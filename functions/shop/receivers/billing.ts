// A demo receiver: charges the client when an order ships, once, however often the webhook comes.
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { billOrder } from '../../../drizzle/shop/queries.gen.ts'
import type { App } from '../../settings.ts'
import { verified } from './verified.ts'
import { receiveOrderWebhook, receives } from './webhook.ts'

const postBilling = createRoute({
  method: 'post',
  path: '/receivers/billing',
  summary: 'Demo receiver: bills shipped orders',
  security: [],
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
