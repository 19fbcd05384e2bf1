// The Worker: HTTP functions, the cron function, the demo receivers. The road of an event begins at functions/shop/orders.ts.
import { OpenAPIHono } from '@hono/zod-openapi'
import { requestId } from 'hono/request-id'
import { authenticate } from './access/auth.ts'
import { limitExpensive } from './access/rate-limit.ts'
import { redeliver } from './cron/run.ts'
import { openDatabase } from './db.ts'
import { deliveries } from './deliveries/deliveries.ts'
import { redelivery } from './deliveries/redeliver.ts'
import { endpointActions } from './endpoints/endpoint-actions.ts'
import { endpoints } from './endpoints/endpoints.ts'
import { rotation } from './endpoints/rotate.ts'
import { emit } from './events/emit.ts'
import { eventTypes } from './events/event-types.ts'
import { events } from './events/events.ts'
import { explain } from './events/explain.ts'
import { limitBody, readJson } from './http/body.ts'
import { contextOf } from './http/context.ts'
import { idempotency } from './http/idempotency.ts'
import { log } from './http/log.ts'
import { notFound } from './http/not-found.ts'
import { badInput, inputErrors, problemFor } from './http/problem.ts'
import { describe } from './openapi/openapi.ts'
import { replays } from './replays/replays.ts'
import { type App, type Env, readSettings } from './settings.ts'
import { clients } from './shop/clients.ts'
import { orders } from './shop/orders.ts'
import { billing } from './shop/receivers/billing.ts'
import { notifications } from './shop/receivers/notifications.ts'
import { audit } from './system/audit.ts'
import { captureHealth } from './system/capture-health.ts'
import { health } from './system/health.ts'
import { secretsHealth } from './system/secrets-health.ts'
import { stats } from './system/stats.ts'

export const app = new OpenAPIHono<App>({
  defaultHook: result => (result.success ? undefined : badInput(...inputErrors(result.error))),
})

app.onError(problemFor)
app.notFound(c => notFound(app, c))

app.use(requestId(), async (c, next) => {
  c.set('settings', await readSettings(c.env))
  c.set('db', openDatabase(c.var.settings))
  await next()
  c.header('x-request-id', c.var.requestId) // what requestId() itself sets is lost where a handler makes a Response
})
app.use(authenticate)
app.use(async (c, next) => {
  c.set('db', openDatabase(c.var.settings, undefined, undefined, contextOf(c)))
  await next()
})
app.use(limitBody, readJson, limitExpensive, idempotency)

const routes = [
  [health, captureHealth, secretsHealth, orders, clients],
  [events, emit, eventTypes, explain, deliveries, redelivery],
  [endpoints, endpointActions, rotation, replays],
  [stats, audit],
  [notifications, billing],
]
for (const part of routes.flat()) app.route('/', part)
describe(app)

export default {
  fetch: app.fetch,
  async scheduled(_controller: ScheduledController, env: Env) {
    log('redelivered', { ...(await redeliver(env)) })
  },
}
