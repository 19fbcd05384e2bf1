// What is around every page: the bar with names and search, the list of keys, who is signed in, and the icons that the page
// uses.
import { html, raw } from 'hono/html'
import { version } from '../../delivery/version.ts'
import { assetPath } from './assets.ts'
import { hidden } from './forms.ts'
import { type Icon, icons } from './icons.ts'
import { type Child, foreign, type Html, icon } from './parts.ts'
import { sessionHours } from './session.ts'
import type { View } from './view.ts'
import { clock, duration, visible } from './words.ts'

export interface Page {
  readonly title: string
  /** Which entry of the bar it belongs to. */
  readonly place: 'now' | 'endpoints' | 'deliveries' | 'events' | 'system' | null
  readonly content: Child
  /** It has charts: only then the library for them is loaded. */
  readonly hasCharts?: boolean
  /** It is kept fresh: as a whole, or only its rows, with new ones offered. `what`: one row and many, `event events`. */
  readonly live?: 'page' | { readonly what: string }
  readonly status?: 200 | 400 | 403 | 404 | 409 | 429 | 500 | 503
}

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

const headers = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
}

async function respond(document: Html, status: number): Promise<Response> {
  return new Response(withIcons(String(await document)), { status, headers })
}

/** Only those that the page uses. */
function withIcons(text: string): string {
  const used = new Set([...text.matchAll(/href="#i-([\w-]+)"/g)].map(([, name]) => name as Icon))
  const symbols = [...used].map(name => `<symbol id="i-${name}" viewBox="0 0 16 16">${icons[name]}</symbol>`)
  const sprite = `<svg class="sprite" aria-hidden="true" focusable="false">${symbols.join('')}</svg>`
  return text.replace('<!--icons-->', sprite)
}

interface Head {
  readonly hasCharts?: boolean | undefined
  /** Of a page for somebody who is signed in. */
  readonly isFollowed?: boolean
}

const head = (
  base: string,
  title: string,
  { hasCharts = false, isFollowed = false }: Head = {},
): Html => html`<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${base}/${assetPath('console.css')}">
${hasCharts ? html`<link rel="stylesheet" href="${base}/${assetPath('uplot.css')}"><script src="${base}/${assetPath('uplot.js')}" defer></script><script src="${base}/${assetPath('charts.js')}" defer></script>` : ''}
<script src="${base}/${assetPath('console.js')}" defer></script>
${isFollowed ? html`<script src="${base}/${assetPath('live.js')}" defer></script><script src="${base}/${assetPath('sheet.js')}" defer></script>` : ''}`

export function render(
  view: View,
  { title, place, content, hasCharts, live, status = 200 }: Page,
): Promise<Response> {
  const { environment, base } = view
  return respond(
    html`${raw('<!doctype html>')}
<html lang="en"${environment === null ? '' : html` data-env="${environment}"`}>
<head>${head(base, `${visible(title)} · Outbox${environment === null ? '' : `, ${environment}`}`, { hasCharts, isFollowed: true })}</head>
<body>
<a class="skip" href="#main">Skip to the page</a>
${bar(view, place)}
${keyboard}
${me(view)}
<main id="main" tabindex="-1"${live ? html` data-live="${live === 'page' ? live : 'rows'}"${live === 'page' ? '' : html` data-what="${live.what}"`}` : ''}>${content}</main>
<footer class="foot"><p>Outbox ${version} · as of <time datetime="${view.now.toISOString()}">${clock(view.now)} UTC</time> · <a href="${base.replace(/\/console$/, '')}/docs">API</a></p></footer>
<!--icons-->
<div id="said" class="sr" role="status"></div>
</body>
</html>`,
    status,
  )
}

/** A page for nobody in particular: it asks who is there. */
export const renderBare = (
  base: string,
  title: string,
  content: Child,
  status = 200,
  more: Child = '',
): Promise<Response> =>
  respond(
    html`${raw('<!doctype html>')}
<html lang="en">
<head>${head(base, `${title} · Outbox`)}${more}</head>
<body class="center">
<main id="main" tabindex="-1">
  <header class="actions"><span class="brand">${icon('outbox')}Outbox</span></header>
  ${content}
</main>
<!--icons-->
<div id="said" class="sr" role="status"></div>
</body>
</html>`,
    status,
  )

const places = [
  ['now', '', 'Now', 'g n'],
  ['endpoints', '/endpoints', 'Endpoints', 'g p'],
  ['deliveries', '/deliveries', 'Deliveries', 'g d'],
  ['events', '/events', 'Events', 'g e'],
  ['system', '/system', 'System', 'g s'],
] as const

const bar = (view: View, place: Page['place']): Html => html`<header class="top">
<a class="brand" href="${view.base}">${icon('outbox')}Outbox</a>
${view.environment === null ? '' : html`<span class="env">${view.environment}</span>`}
<nav aria-label="Pages">${places
  .filter(([name]) => name !== 'system' || view.isOperator)
  .map(
    ([name, path, words, key]) =>
      html`<a href="${view.base}${path}"${name === place ? html` aria-current="page"` : ''} aria-keyshortcuts="${key}">${words}</a>`,
  )}</nav>
<form class="find" role="search" action="${view.base}/find">${icon('search')}<input type="search" name="q" aria-label="Search: an id, a URL, or a key such as orders/7" placeholder="Id, URL, or key such as orders/7" autocomplete="off" spellcheck="false"><kbd aria-hidden="true">/</kbd></form>
<div class="tools">
<button class="tool live" type="button" aria-pressed="true" title="The page is kept fresh. Press . to stop." hidden>${icon('live')}Live</button>
<button class="tool" type="button" id="zone" title="Times are in UTC. Press u for local time." hidden>UTC<span class="sr">, switch to local time</span></button>
<button class="tool" type="button" id="theme" title="Press t to change the theme." aria-label="Theme: system" hidden>${icon('theme')}</button>
<button class="tool" type="button" popovertarget="keys">?<span class="sr"> Keyboard shortcuts</span></button>
<button class="tool who" type="button" popovertarget="me"><span class="sr">Signed in as </span>${foreign(view.key.name)}<small>${view.key.scope}</small></button>
</div>
</header>`

const keys = [
  ['/', 'Search'],
  ['g n', 'Now'],
  ['g p', 'Endpoints'],
  ['g d', 'Deliveries'],
  ['g e', 'Events'],
  ['g s', 'System'],
  ['j k', 'Next row, previous row'],
  ['Enter', 'Open the row'],
  ['r', 'Redeliver or replay…'],
  ['p', 'Pause or resume the endpoint'],
  ['.', 'Live on, live off'],
  ['u', 'UTC or local time'],
  ['t', 'Theme: system, light, dark'],
  ['y', 'Copy the id'],
  ['?', 'This list'],
  ['Esc', 'Close'],
] as const

const keyboard = html`<div id="keys" class="pop" popover role="dialog" aria-labelledby="keys-title">
<h2 id="keys-title">Keyboard</h2>
<dl class="keys">${keys.map(
  ([pressed, words]) =>
    html`<div><dt>${pressed.split(' ').map(key => html`<kbd>${key}</kbd> `)}</dt><dd>${words}</dd></div>`,
)}</dl>
<label class="check"><input type="checkbox" checked> Single-letter shortcuts are on</label>
</div>`

const me = (
  view: View,
): Html => html`<div id="me" class="pop small" popover role="dialog" aria-label="Who you are">
<p><b>${foreign(view.key.name)}</b>, ${view.isPerson ? 'let in by the access proxy. You see' : html`${view.key.scope === 'admin' ? 'an' : 'a'} <b>${view.key.scope}</b> key. It sees`} ${
  view.isOperator ? 'all tenants' : html`what belongs to tenant <b>${foreign(view.key.tenant ?? '')}</b>`
} and may change ${view.mayChange ? (view.isOperator ? 'everything' : 'that') : 'nothing'}.</p>
<p class="dim">Signed in ${duration((view.now.getTime() - view.signedInAtMs) / 1000)} ago; ends after ${sessionHours} h.</p>
<form method="post" action="${view.base}/sign-out">${hidden(view)}<button class="btn" type="submit">Sign out</button></form>
</div>`
