// The example application: a shop whose orders make events, and three receivers of its webhooks. It uses the outbox as any
// application would; the outbox knows nothing of it.
import { addRoutes, createApp } from '../http/app.ts'
import { clients } from './clients/routes.ts'
import { orders } from './orders/routes.ts'
import { billing } from './receivers/billing.ts'
import { flaky } from './receivers/flaky.ts'
import { notifications } from './receivers/notifications.ts'

export const shop = addRoutes(createApp(), [orders, clients, notifications, billing, flaky])
