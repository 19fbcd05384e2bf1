// A demo receiver: records the message that a client would be sent about an order.
import { OpenAPIHono } from '@hono/zod-openapi'
import { notifyClient } from '../../../drizzle/shop/queries.gen.ts'
import { defineRoute } from '../../http/define-route.ts'
import type { App } from '../../settings.ts'
import { receiverAccess } from '../access.ts'
import { verified } from './verified.ts'
import { receiveOrderWebhook, receives } from './webhook.ts'

const news: Partial<Record<string, string>> = {
  'order.created': 'has been placed',
  'order.shipped': 'has shipped',
  'order.backorder': 'is on back order: we will send it as soon as we can',
  'order.canceled': 'has been canceled',
}

const postNotification = defineRoute({
  method: 'post',
  path: '/receivers/notifications',
  operationId: 'receiveForNotifications',
  summary: 'Demo receiver: writes to clients about their orders',
  access: receiverAccess,
  middleware: verified(settings => settings.notificationsSecrets),
  responses: receives,
})

export const notifications = new OpenAPIHono<App>()

notifications.openapi(postNotification, c =>
  receiveOrderWebhook(c.var.webhook, async ({ webhookId, type, orderId }) => {
    const what = news[type]
    if (what === undefined) return
    const sentence = `your order ${orderId} ${what}.`
    await notifyClient(c.var.db.run, { webhookId, orderId, news: sentence })
  }),
)
