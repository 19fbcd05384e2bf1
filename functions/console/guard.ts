// Who may see a page, and which forms are taken. Everything under the console but the sign-in and its files passes through here.
import type { MiddlewareHandler } from 'hono'
import { html } from 'hono/html'
import { isEqual } from '../access/api-keys.ts'
import { renderBare } from './frame.ts'
import { renderRefusal } from './pages/refusal.ts'
import { beginByProxy, keepSession, readSession } from './session.ts'
import type { ConsoleApp, ConsoleContext } from './view.ts'
import { consolePath } from './view.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

export const maxFormBytes = 256 * 1024

/** Sends whoever is not signed in to the sign-in, and back from there. */
export function requireSession(takenPath: string): MiddlewareHandler<ConsoleApp> {
  return async (c, next) => {
    const base = consolePath(c, takenPath)
    const { settings } = c.var
    const known = await readSession(c as never, settings)
    if (!known && !isRead(c.req.method)) return refuseUnknown(base)
    const found = known ?? (await beginByProxy(c as never, settings))
    if (!found) return askWho(c, base)
    const { session, key } = found
    c.set('apiKey', key)
    c.set('view', {
      base,
      key,
      isPerson: 'email' in session.who,
      token: session.token,
      signedInAtMs: session.startedAtMs,
      now: new Date(),
      environment: settings.environment,
      mayChange: key.scope === 'admin',
      isOperator: key.tenant === null,
    })
    await next()
    if (!known) await keepSession(c as never, settings, session, base) // now, because pages are Responses of their own
  }
}

const isRead = (method: string) => method === 'GET' || method === 'HEAD'

/**
 * A link on another site (an alert, a chat) brings no Strict cookie along. The page that then asks for itself, from here, does.
 */
function askWho(c: ConsoleContext, base: string): Response | Promise<Response> {
  const site = c.req.header('sec-fetch-site')
  const { pathname, search } = new URL(c.req.url)
  const here = base + pathname.slice(pathname.indexOf('/console') + '/console'.length) + search
  if (site === 'cross-site' || site === 'same-site') {
    const again = html`<meta http-equiv="refresh" content="0;url=${here}">`
    return renderBare(base, 'One moment', html`<p><a href="${here}">Go on</a></p>`, 200, again)
  }
  const next = here === base ? '' : `?next=${encodeURIComponent(here)}`
  return new Response(null, {
    status: 303,
    headers: { location: `${base}/sign-in${next}`, 'cache-control': 'no-store' },
  })
}

const refuseUnknown = (base: string) =>
  renderBare(
    base,
    'Signed out',
    html`<h1>You are signed out</h1><p>Nothing was changed: the session is over, or its key is. <a href="${base}/sign-in">Sign in</a> and do it again.</p>`,
    401,
  )

/** A form must come from one of our own pages. Two proofs, because each alone has a hole: its origin, and the session's token. */
export const requireOwnForm: MiddlewareHandler<ConsoleApp> = async (c, next) => {
  if (isRead(c.req.method)) return next()
  if (!isOwnOrigin(c as never)) return renderRefusal(c, 'foreign form')
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded') return renderRefusal(c, 'foreign form')
  const form = new URLSearchParams(await c.req.text())
  if (!isEqual(bytes(form.get('_token') ?? ''), bytes(c.var.view.token)))
    return renderRefusal(c, 'foreign form')
  c.set('form', form)
  return next()
}

/** For admin keys; the page for others has no button for it. */
export const requireChange: MiddlewareHandler<ConsoleApp> = async (c, next) =>
  c.var.view.mayChange ? next() : renderRefusal(c, 'read only')

/** For keys without a tenant. What is refused looks like what is not there. */
export const requireOperator: MiddlewareHandler<ConsoleApp> = async (c, next) =>
  c.var.view.isOperator ? next() : renderRefusal(c, 'unknown')

export function isOwnOrigin(c: Parameters<typeof readSession>[0]): boolean {
  const site = c.req.header('sec-fetch-site')
  if (site !== undefined) return site === 'same-origin'
  const origin = c.req.header('origin')
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === c.req.header('host')
}
