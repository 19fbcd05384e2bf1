// The parts that pages are made of. All text passes through `html`, which escapes it.
import { html } from 'hono/html'
import type { Icon } from './icons.ts'
import type { View } from './view.ts'
import { duration, exactly, moment, relative, shortId, visible } from './words.ts'

export type Html = ReturnType<typeof html>
export type Child = Html | string | number | null | false | undefined | readonly Child[]

export const icon = (name: Icon): Html =>
  html`<svg class="i" aria-hidden="true"><use href="#i-${name}"/></svg>`

/** An icon with a meaning that no word beside it says. */
export const iconSaying = (name: Icon, meaning: string): Html =>
  html`<svg class="i" role="img" aria-label="${meaning}"><use href="#i-${name}"/></svg>`

/** Always an icon and a word, so that it survives grey scale, colour blindness and print. */
export const state = (name: Icon, word: Child, kind: string = name): Html =>
  html`<span class="state ${kind}">${icon(name)}${word}</span>`

interface DeliveryLike {
  readonly state: 'pending' | 'sending' | 'delivered' | 'dead' | 'canceled'
  readonly attempt: number
  readonly reason?: string | null
}

export function deliveryState({ state: name, attempt, reason = null }: DeliveryLike): Html {
  switch (name) {
    case 'pending':
      return attempt > 0 && reason !== null ? state('retry', 'Will retry') : state('pending', 'Waiting')
    case 'sending':
      return state('sending', 'Sending')
    case 'delivered':
      return state('delivered', 'Delivered')
    case 'dead':
      return state('dead', 'Dead')
    case 'canceled':
      return state('canceled', 'Canceled')
  }
}

interface EndpointLike {
  readonly state: 'active' | 'paused' | 'disabled'
  readonly disabled_reason?: string | null
  /** The circuit breaker is open. */
  readonly isOpen?: boolean
}

export function endpointState({ state: name, disabled_reason: reason, isOpen = false }: EndpointLike): Html {
  if (name === 'paused') return state('paused', 'Paused')
  if (name === 'disabled') return state('disabled', `Disabled${reason ? ` (${reason})` : ''}`)
  return isOpen ? state('breaker', 'Breaker open') : state('active', 'Active')
}

/** Exact on hover and for programs. */
export const exactTime = (time: Date, words: string): Html =>
  html`<time datetime="${time.toISOString()}" title="${exactly(time)}">${words}</time>`

export const at = (iso: string | Date, { now }: Pick<View, 'now'>): Html =>
  exactTime(new Date(iso), moment(new Date(iso), now))

export const ago = (iso: string | Date, { now }: Pick<View, 'now'>): Html =>
  exactTime(new Date(iso), relative(new Date(iso), now))

export const since = (iso: string | Date, now: Date): string =>
  duration(Math.max(0, (now.getTime() - new Date(iso).getTime()) / 1000))

export const copyButton = (text: string, label: string): Html =>
  html`<button class="icon" type="button" data-copy="${text}" aria-label="${label}">${icon('copy')}</button>`

/** `what`: for the name of the button. */
export const copyableId = (id: string, what: string): Html =>
  html`<span class="copyable"><code class="id" title="${id}">${shortId(id)}</code>${copyButton(id, `Copy ${what} id`)}</span>`

export const copyableTrace = (trace: string): Html =>
  html`<span class="copyable"><code title="${trace}">${trace.slice(0, 8)}…${trace.slice(-4)}</code>${copyButton(trace, 'Copy trace id')}</span>`

/** What others wrote: isolated, so that its direction of writing turns nothing around it. */
export const foreign = (text: string): Html => html`<bdi>${visible(text)}</bdi>`

/** What stands between backticks is to be typed. */
export const withCommands = (text: string): Child =>
  text.split('`').map((part, i) => (i % 2 === 0 ? foreign(part) : html`<code>${foreign(part)}</code>`))

/** What the database explains, with its times as all others are shown. */
export const explained = (text: string, view: Pick<View, 'now'>): Child =>
  visible(text)
    .split(/(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)/)
    .map((part, i) => (i % 2 === 0 ? part : at(part, view)))

export const verbatim = (text: string, label: string): Html =>
  html`<pre tabindex="0" role="region" aria-label="${label}"><bdi>${visible(text)}</bdi></pre>`

interface Section {
  readonly title: string
  readonly about?: Child
  readonly side?: Child
  readonly id?: string
}

export const section = ({ title, about, side, id }: Section, content: Child): Html => html`
<section${id ? html` id="${id}"` : ''}>
  <header class="head"><h2>${title}</h2>${about ? html`<p>${about}</p>` : ''}${side ? html`<div class="side">${side}</div>` : ''}</header>
  ${content}
</section>`

export interface Column<Row> {
  readonly title: Child
  /** `main`, `num`, `nowrap`, `wide`. */
  readonly kind?: string
  /** On a phone, where each row is a block: the label of a value that needs one. */
  readonly label?: string
  readonly cell: (row: Row) => Child
}

/** The roles are there because a browser forgets a table whose `display` changes. */
export function list<Row>(
  caption: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  idOf?: (row: Row) => string,
): Html {
  const classOf = ({ kind }: Column<Row>) => (kind ? html` class="${kind}"` : '')
  return html`<table class="list" role="table">
  <caption class="sr">${caption}</caption>
  <thead role="rowgroup"><tr role="row">${columns.map(
    column => html`<th role="columnheader" scope="col"${classOf(column)}>${column.title}</th>`,
  )}</tr></thead>
  <tbody role="rowgroup">${rows.map(
    row =>
      html`<tr role="row"${idOf ? html` data-id="${idOf(row)}"` : ''}>${columns.map(
        column =>
          html`<td role="cell"${classOf(column)}${column.label ? html` data-l="${column.label}"` : ''}>${column.cell(row)}</td>`,
      )}</tr>`,
  )}</tbody>
</table>`
}

/** At most six numbers that decide something. */
export const facts = (all: readonly (readonly [term: string, value: Child, isBad?: boolean])[]): Html =>
  html`<dl class="facts">${all.map(
    ([term, value, isBad]) =>
      html`<div${isBad ? html` class="bad"` : ''}><dt>${term}</dt><dd>${value}</dd></div>`,
  )}</dl>`

export const props = (all: readonly (readonly [term: string, value: Child] | null)[]): Html =>
  html`<dl class="props">${all.map(prop =>
    prop ? html`<div><dt>${prop[0]}</dt><dd>${prop[1]}</dd></div>` : '',
  )}</dl>`

/** At most one on a page. */
export const note = (
  kind: '' | 'bad' | 'wait' | 'accent',
  name: Icon,
  content: Child,
  { role = '', beside = null }: { role?: '' | 'status' | 'alert'; beside?: Child } = {},
): Html =>
  html`<div class="note ${kind}"${role ? html` role="${role}"` : ''}>${icon(name)}<div>${content}</div>${beside ? html`<div class="do">${beside}</div>` : ''}</div>`

/** Zero in grey. */
export const number = (n: number, text: string): Child => (n === 0 ? html`<span class="dim">0</span>` : text)
