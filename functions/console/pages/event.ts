// One event: who gets it and how far it is, who does not and why, and on request what it says.
import { html } from 'hono/html'
import { callerOf } from '../../access/caller.ts'
import { toListedEvent, walkEvents } from '../../events/read.ts'
import { placesFor } from '../actions/event-sending.ts'
import { eventData } from '../event-data.ts'
import { type Explained, type Getting, readEvent } from '../event-reading.ts'
import { withQuery } from '../filters.ts'
import { actionLink, hidden } from '../forms.ts'
import { render } from '../frame.ts'
import {
  ago,
  at,
  type Child,
  copyableId,
  copyableTrace,
  deliveryState,
  exactTime,
  explained,
  foreign,
  icon,
  list,
  props,
  section,
} from '../parts.ts'
import type { ConsoleContext, View } from '../view.ts'
import { clock, count, counted, shortUrl } from '../words.ts'
import { empty, readOnlyNote, renderRefusal } from './refusal.ts'

/** `data`: for who asked to see it. */
export async function showEvent(c: ConsoleContext, data: string | null = null): Promise<Response> {
  const { view } = c.var
  const id = c.req.param('id')!
  const found = await readEvent(c, id)
  if (!found) return renderRefusal(c, 'unknown')
  const { event, getting, others } = found
  const near = await sameKey(c, event)
  return render(view, {
    title: event.type,
    place: 'events',
    ...(data === null ? { live: 'page' } : {}),
    content: html`<header class="page">
<p class="crumbs"><a href="${view.base}/events">Events</a>${event.key === null ? '' : html`<a href="${withQuery(`${view.base}/events`, { key: event.key })}">${foreign(event.key)}</a>`}${copyableId(id, 'event')}</p>
<h1>${foreign(event.type)}</h1>
<p class="lede">${summary(getting, others)}</p>
<div class="actions">${placesFor(found).length === 0 ? '' : actionLink(view, `events/${id}/send`, 'Send again to…', { key: 'r', opensSheet: true })}</div>
</header>
${readOnlyNote(c)}
<div class="split"><div>
${section({ title: 'Who gets it' }, getting.length === 0 ? empty(html`<b>Nobody.</b> ${others.length === 0 ? 'There are no endpoints.' : 'Each endpoint says why below.'}`) : list('Endpoints that want this event', gettingColumns(view), getting, row => row.deliveryId))}
${others.length === 0 ? '' : section({ title: 'Who does not' }, notGetting(view, others))}
${section({ title: 'What it says' }, data === null ? sealed(view, id, utf8Bytes(event.data.text)) : eventData(data))}
</div><div>
${section({ title: 'This event' }, details(view, event))}
${near.length < 2 ? '' : section({ title: 'Same key' }, sameKeyList(view, near, id))}
</div></div>`,
  })
}

function summary(getting: readonly Getting[], others: readonly Explained[]): Child {
  const have = getting.filter(({ state }) => state === 'delivered').length
  const wait = getting.filter(({ state }) => state === 'pending' || state === 'sending').length
  const dead = getting.filter(({ state }) => state === 'dead').length
  const parts = [
    have > 0 ? `${count(have)} ${have === 1 ? 'has' : 'have'} it` : '',
    wait > 0 ? `${count(wait)} ${wait === 1 ? 'waits' : 'wait'}` : '',
    dead > 0 ? `${count(dead)} ${dead === 1 ? 'is' : 'are'} dead` : '',
  ].filter(Boolean)
  const rest =
    others.length === 0
      ? ''
      : others.length === 1
        ? ' One other does not, and says why below.'
        : ` The other ${count(others.length)} do not, and each says why below.`
  return html`${counted(getting.length, 'endpoint wants it', 'endpoints want it')}${parts.length > 0 ? html`: <strong>${parts.join(', ')}.</strong>` : '.'}${rest}`
}

const gettingColumns = (view: View) => [
  {
    title: 'Endpoint',
    kind: 'main',
    cell: (row: Getting) => html`<a href="${view.base}/deliveries/${row.deliveryId}">${row.name}</a>`,
  },
  { title: 'State', cell: ({ state }: Getting) => deliveryState({ state, attempt: 0 }) },
  { title: 'How far it is', kind: 'wide', cell: ({ story }: Getting) => explained(story, view) },
]

const reasons: Record<string, string> = {
  type: 'Another type',
  tenant: 'Another tenant',
  created_later: 'Created later',
  deleted: 'Deleted',
  disabled: 'Disabled',
  not_fanned_out: 'Not made into deliveries yet',
  changed_since: 'Changed since',
}

/** By reason, with one example each: ten thousand endpoints have a handful of reasons. */
function notGetting(view: View, others: readonly Explained[]) {
  const groups = [...Map.groupBy(others, ({ verdict }) => verdict)]
  return list(
    'Endpoints that do not get this event, by reason',
    [
      { title: 'Reason', kind: 'main', cell: ([verdict]) => reasons[verdict] ?? verdict },
      { title: 'Endpoints', kind: 'num', label: 'Endpoints', cell: ([, all]) => count(all.length) },
      {
        title: 'For example',
        kind: 'wide',
        cell: ([, [first]]) =>
          html`<a href="${view.base}/endpoints/${first!.endpoint_id}">${shortUrl(first!.url)}</a>: ${explained(first!.story, view)}`,
      },
    ],
    groups,
  )
}

const utf8Bytes = (text: string) => new TextEncoder().encode(text).length

const sealed = (view: View, id: string, bytes: number) =>
  html`<form class="sealed" method="post" action="${view.base}/events/${id}/show">${hidden(view)}${icon('lock')}<span>The data is hidden, ${count(bytes)} bytes.</span><button class="btn" type="submit">Show</button><small>Showing it is written to the audit.</small></form>`

type Event = NonNullable<Awaited<ReturnType<typeof readEvent>>>['event']

const maxNear = 5

/** The latest of its key. */
async function sameKey(c: ConsoleContext, { key, tenant }: Event) {
  if (key === null) return []
  const filter = { key, tenant: tenant ?? undefined }
  const page = { before: null, limit: maxNear }
  const { rows } = await walkEvents(c.var.db, callerOf(c as never), filter, page)
  return rows.map(toListedEvent)
}

const sameKeyList = (view: View, near: Awaited<ReturnType<typeof sameKey>>, id: string) =>
  list(
    'The latest events of the same key',
    [
      {
        title: 'Event',
        kind: 'main',
        cell: row =>
          row.id === id
            ? html`${foreign(row.type)} <span class="dim">this one</span>`
            : html`<a href="${view.base}/events/${row.id}">${foreign(row.type)}</a>`,
      },
      { title: 'Committed', kind: 'num', cell: row => at(row.timestamp, view) },
    ],
    near,
  )

function details(view: View, event: Event) {
  const { type, key, tenant, timestamp, actor, traceparent, data } = event
  const time = new Date(timestamp)
  const trace = traceparent?.split('-')[1]
  return props([
    ['Type', foreign(type)],
    key === null
      ? null
      : ['Key', html`<a href="${withQuery(`${view.base}/events`, { key })}">${foreign(key)}</a>`],
    tenant === null ? null : ['Tenant', foreign(tenant)],
    [
      'Committed',
      html`${exactTime(time, clock(time, { milliseconds: true }))} <span class="dim">UTC, ${ago(time, view)}</span>`,
    ],
    actor ? ['By', html`<code>${foreign(actor)}</code>`] : null,
    trace ? ['Trace', copyableTrace(trace)] : null,
    ['Size', `${count(utf8Bytes(data.text))} bytes`],
    [
      'Deliveries',
      html`<a href="${withQuery(`${view.base}/deliveries`, { event_id: event.id })}">As a list</a>`,
    ],
  ])
}
