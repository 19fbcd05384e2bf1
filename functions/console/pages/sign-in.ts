// The sign-in: an API key for a cookie.
import type { Context } from 'hono'
import { html } from 'hono/html'
import { type ApiKey, findApiKey } from '../../access/api-keys.ts'
import { limitGuesses } from '../../access/rate-limit.ts'
import { findStoredKey } from '../../access/stored-keys.ts'
import { openDatabase } from '../../db.ts'
import { closeLater } from '../../http/before.ts'
import type { App } from '../../settings.ts'
import { renderBare } from '../frame.ts'
import { isOwnOrigin } from '../guard.ts'
import { useLinkCode } from '../link.ts'
import { type Child, icon } from '../parts.ts'
import { endSession, keepSession, newSession, sessionHours } from '../session.ts'

export function showSignIn(base: string, next: string, trouble = '', status = 200): Promise<Response> {
  const alert = html`<p class="state failed" role="alert">${icon('failed')}${trouble}</p>`
  return renderBare(
    base,
    'Sign in',
    html`<form class="stack" method="post" action="${base}/sign-in">
  <h1>Sign in with an API key</h1>
  <input type="hidden" name="next" value="${next}">
  <div class="field"><label for="key">API key</label><input id="key" type="password" name="key" autocomplete="off" required autofocus aria-describedby="about"${trouble ? html` aria-invalid="true"` : ''}></div>
  ${trouble ? alert : ''}
  <button class="btn primary" type="submit">Sign in</button>
  <p id="about" class="dim">The key is exchanged for a cookie that ends after ${sessionHours} hours, and is not stored. A <b>read</b> key sees everything and changes nothing.</p>
</form>` as Child,
    status,
  )
}

/** The first page is asked for by a plain link, so a form of another site could sign somebody in as somebody else. */
export async function signIn(c: Context<App>, base: string): Promise<Response> {
  const form = new URLSearchParams(await c.req.text())
  const next = form.get('next') ?? ''
  if (!isOwnOrigin(c)) return showSignIn(base, next, 'This form is not from here.', 403)
  const presented = form.get('key')?.trim() ?? ''
  const { settings } = c.var
  const key = (await findApiKey(settings.apiKeys, presented)) ?? (await findStoredKey(settings, presented))
  if (key) return enter(c, base, next, key)
  const limited = presented === '' ? null : await limitGuesses(c)
  if (limited) return showSignIn(base, next, 'Too many wrong keys came from here: wait a moment.', 429)
  return showSignIn(base, next, 'This key is not known here.', 401)
}

export async function signInByLink(c: Context<App>, base: string): Promise<Response> {
  const { settings } = c.var
  const db = openDatabase(settings)
  try {
    const key = await useLinkCode(db.run, settings, c.req.query('code') ?? '')
    return key
      ? await enter(c, base, '', key)
      : await showSignIn(base, '', 'This link was used, or is over. A key works.', 401)
  } finally {
    closeLater(c, db)
  }
}

async function enter(c: Context<App>, base: string, next: string, key: ApiKey) {
  await keepSession(c, c.var.settings, newSession(key), base)
  // Only to a page of the console: `//other.example` would lead away.
  const isOwn = next.startsWith(`${base}/`) && !next.includes('\\')
  c.header('cache-control', 'no-store')
  c.header('referrer-policy', 'no-referrer')
  return c.redirect(isOwn ? next : base, 303)
}

export function signOut(c: Context<App>, base: string): Response {
  endSession(c, base)
  c.header('cache-control', 'no-store')
  return c.redirect(`${base}/sign-in`, 303)
}
