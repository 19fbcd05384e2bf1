// The operator's console: pages over the same operations as the API. It has no SQL and no rule of its own.
import { Hono } from 'hono'
import { begin, openRequestDatabase } from '../http/before.ts'
import { limitBody } from '../http/body.ts'
import { problemFor } from '../http/thrown.ts'
import type { App } from '../settings.ts'
import { adoptionForms } from './actions/adoption.ts'
import { endpointReplayForms } from './actions/endpoint-replay.ts'
import { endpointForms } from './actions/endpoints.ts'
import { eventSendingForms } from './actions/event-sending.ts'
import { eventForms } from './actions/events.ts'
import { keyForms } from './actions/keys.ts'
import { redeliveryForms } from './actions/redelivery.ts'
import { replayForms } from './actions/replays.ts'
import { sendingForms } from './actions/sending.ts'
import { find } from './find.ts'
import { maxFormBytes, requireOperator, requireOwnForm, requireSession } from './guard.ts'
import { live } from './live.ts'
import { showAudit } from './pages/audit.ts'
import { showCharts, showSpark } from './pages/charts.ts'
import { showDeliveries } from './pages/deliveries.ts'
import { showDelivery } from './pages/delivery.ts'
import { showEndpoint } from './pages/endpoint.ts'
import { showEndpoints } from './pages/endpoints.ts'
import { showEvent } from './pages/event.ts'
import { showEvents } from './pages/events.ts'
import { showNow } from './pages/now.ts'
import { renderFailure, renderRefusal } from './pages/refusal.ts'
import { showReplay } from './pages/replay.ts'
import { showReplays } from './pages/replays.ts'
import { showSignIn, signIn, signInByLink, signOut } from './pages/sign-in.ts'
import { showSystem } from './pages/system.ts'
import { type ConsoleApp, type ConsoleContext, consolePath } from './view.ts'

/** `basePath`: what was taken off the path before. */
export function createConsole(basePath = ''): Hono<App> {
  const app = new Hono<ConsoleApp>()
  app.onError((error, c) => answerError(error, c as ConsoleContext))

  app.use('/console/*', begin as never, limitBody(maxFormBytes / 1024))
  app.get('/console/sign-in', c => showSignIn(consolePath(c, basePath), c.req.query('next') ?? ''))
  app.post('/console/sign-in', c => signIn(c as never, consolePath(c, basePath)))
  app.get('/console/link', c => signInByLink(c as never, consolePath(c, basePath)))

  app.use('/console/*', requireSession(basePath), requireOwnForm, openRequestDatabase as never)
  app.post('/console/sign-out', c => signOut(c as never, c.var.view.base))
  app.get('/console', live(showNow))
  app.get('/console/charts', showCharts)
  app.get('/console/charts/spark', showSpark)
  app.get('/console/find', find)
  app.get('/console/endpoints', showEndpoints)
  app.route('/', endpointForms)
  app.route('/', endpointReplayForms)
  app.get(
    '/console/endpoints/:id',
    live(c => showEndpoint(c)),
  )
  app.get('/console/deliveries', live(showDeliveries))
  app.route('/', redeliveryForms)
  app.get(
    '/console/deliveries/:id',
    live(c => showDelivery(c)),
  )
  app.get('/console/events', live(showEvents))
  app.route('/', eventForms)
  app.get(
    '/console/events/:id',
    live(c => showEvent(c)),
  )
  app.route('/', sendingForms)
  app.route('/', eventSendingForms)
  app.get('/console/system', requireOperator, showSystem)
  app.route('/', adoptionForms)
  app.get('/console/replays', live(showReplays))
  app.get('/console/replays/:id', live(showReplay))
  app.route('/', replayForms)
  app.get('/console/audit', requireOperator, showAudit)
  app.route('/', keyForms)
  app.all('/console/*', c => renderRefusal(c, 'unknown'))
  return app as unknown as Hono<App>
}

/** The same words as the API has for it, on a page. */
async function answerError(error: Error, c: ConsoleContext): Promise<Response> {
  const answer = problemFor(error)
  if (c.var.view === undefined) return answer
  const { detail } = (await answer.json()) as { detail: string }
  const status = answer.status === 503 ? 503 : 500
  return renderFailure(c, { status, detail, requestId: c.var.requestId })
}
