// The Worker: HTTP functions, the cron function, the demo receivers. The road of an event begins at functions/orders.ts.
import { OpenAPIHono } from '@hono/zod-openapi'
import { requestId } from 'hono/request-id'
import { audit } from './audit.ts'
import { authenticate } from './auth.ts'
import { limitBody, readJson } from './body.ts'
import { captureHealth } from './capture-health.ts'
import { clients } from './clients.ts'
import { contextOf } from './context.ts'
import { openDatabase } from './db.ts'
import { deliveries } from './deliveries.ts'
import { emit } from './emit.ts'
import { endpointActions } from './endpoint-actions.ts'
import { endpoints } from './endpoints.ts'
import { eventTypes } from './event-types.ts'
import { events } from './events.ts'
import { explain } from './explain.ts'
import { health } from './health.ts'
import { repeatSafely } from './idempotency.ts'
import { log } from './log.ts'
import { describe } from './openapi.ts'
import { orders } from './orders.ts'
import { badInput, inputErrors, problemFor } from './problem.ts'
import { limitExpensive } from './rate-limit.ts'
import { billing } from './receivers/billing.ts'
import { notifications } from './receivers/notifications.ts'
import { redeliver } from './redeliver.ts'
import { redelivery } from './redelivery.ts'
import { replays } from './replays.ts'
import { rotation } from './rotate.ts'
import { secretsHealth } from './secrets-health.ts'
import { type App, type Env, readSettings } from './settings.ts'
import { stats } from './stats.ts'
import { nothingHere } from './unknown.ts'

export const app = new OpenAPIHono<App>({
  defaultHook: result => (result.success ? undefined : badInput(...inputErrors(result.error))),
})

app.onError(problemFor)
app.notFound(c => nothingHere(app, c))

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
app.use(limitBody, readJson, limitExpensive, repeatSafely)

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
