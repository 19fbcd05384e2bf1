// The Worker as it is deployed: the outbox, and beside it the example shop. The life of an event begins in
// functions/shop/orders/routes.ts.
import { createOutbox } from './app.ts'
import { leadToConsole } from './console/lead.ts'
import { createEdge } from './edge/edge.ts'
import { addRoutes, createApp } from './http/app.ts'
import { descriptionOf } from './openapi/openapi.ts'
import { readShopSettings } from './shop/settings.ts'
import { shop } from './shop/shop.ts'

const outbox = createOutbox({ description: false }) // one description of both is below
const edge = createEdge()

export const app = createApp()
app.use(async (c, next) => {
  await readShopSettings(c.env) // a wrong one stops everything, like the outbox's own
  await next()
})
app.get('/', leadToConsole)
app.route('/', outbox.app)
app.route('/', shop)
addRoutes(app, [descriptionOf(app)])

/** The Durable Objects of edge sending and of the doorbell; each is used only where wrangler.toml binds it ([env.edge]). */
export const OutboxDispatcher = edge.Dispatcher
export const OutboxDoorbell = edge.Doorbell

export default { fetch: app.fetch, scheduled: outbox.scheduled, queue: edge.queue }
