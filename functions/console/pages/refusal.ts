// What cannot be shown or done, as a page: what it was, what is not affected, and where to go on.
import { html } from 'hono/html'
import { render } from '../frame.ts'
import { type Child, foreign, icon, note, withCommands } from '../parts.ts'
import type { ConsoleContext } from '../view.ts'

export type Refusal = 'unknown' | 'read only' | 'foreign form'

const words: Record<Refusal, { readonly title: string; readonly text: string; readonly status: 403 | 404 }> =
  {
    unknown: {
      title: 'There is nothing here that you may see',
      text: 'It does not exist, is older than what is kept, or belongs to somebody else. All look the same on purpose.',
      status: 404,
    },
    'read only': {
      title: 'You may only read here',
      text: 'Nothing was changed. Sign in with an admin key to do that.',
      status: 403,
    },
    'foreign form': {
      title: 'This form is not from here',
      text: 'Nothing was changed: the form came from another page, or from before you signed in. Open the page anew and do it again.',
      status: 403,
    },
  }

export function renderRefusal(c: ConsoleContext, refusal: Refusal): Promise<Response> {
  const { title, text, status } = words[refusal]
  const { view } = c.var
  return render(view, {
    title,
    place: null,
    status,
    content: html`<header class="page"><h1>${title}</h1></header>${note('', 'lock', html`<p>${text}</p><p><a href="${view.base}">Back to Now</a></p>`)}`,
  })
}

export interface Failure {
  readonly status: 400 | 409 | 429 | 500 | 503
  /** In whole sentences. */
  readonly detail: string
  readonly requestId: string
}

/** Something went wrong, or things stand otherwise than the page knew. */
export function renderFailure(
  c: ConsoleContext,
  { status, detail, requestId }: Failure,
  again?: string,
): Promise<Response> {
  const isOurs = status >= 500
  const title = isOurs ? 'This page could not be read' : 'That was not done'
  return render(c.var.view, {
    title,
    place: null,
    status,
    content: html`<header class="page"><h1>${title}</h1></header>
${note(
  'bad',
  'failed',
  html`<p><b>${withCommands(detail)}</b></p>
<p>${isOurs ? 'Sending is not affected by this page. ' : ''}Request <code>${requestId}</code>, status ${status}.</p>
<div class="actions">${link(again ?? c.req.path, isOurs ? 'Try again' : 'Back')}</div>`,
  { role: 'alert' },
)}`,
  })
}

const link = (path: string, text: string): Child => html`<a class="btn" href="${path}">${text}</a>`

/** Where a list is empty: what would be here, and how to get it. */
export const empty = (text: Child, more: Child = ''): Child =>
  html`<div class="empty"><p>${text}</p>${more}</div>`

export const readOnlyNote = (c: ConsoleContext): Child =>
  c.var.view.mayChange
    ? ''
    : html`<p class="dim readonly">${icon('lock')} You are signed in ${c.var.view.isPerson ? 'as' : 'with the read key'} <b>${foreign(c.var.view.key.name)}</b>${c.var.view.isPerson ? ', who may only read' : ''}. What would change something is not shown.</p>`
