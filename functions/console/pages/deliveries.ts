// Deliveries: the filter is the URL, and the sentence under it says what is shown.
import { html } from 'hono/html'
import { formatDeliveryId, parseId } from '../../../delivery/ids.ts'
import { redacted } from '../../../delivery/redact.ts'
import { callerOf } from '../../access/caller.ts'
import { listDeliveries } from '../../deliveries/read.ts'
import { State } from '../../deliveries/schema.ts'
import { withoutQuery } from '../../endpoints/read.ts'
import { filterForm, type Query, readQuery, withQuery } from '../filters.ts'
import { render } from '../frame.ts'
import type { Icon } from '../icons.ts'
import { pageLinks, readListPage } from '../paging.ts'
import { ago, at, type Child, type Column, deliveryState, foreign, icon, list, number } from '../parts.ts'
import type { ConsoleContext, View } from '../view.ts'
import { count, duration, shortId, shortUrl } from '../words.ts'
import { empty, readOnlyNote } from './refusal.ts'

export type DeliveryRow = Awaited<ReturnType<typeof listDeliveries>>[number]

const states: readonly (readonly [value: State, words: string, icon: Icon])[] = [
  ['pending', 'Waiting', 'pending'],
  ['sending', 'Sending', 'sending'],
  ['delivered', 'Delivered', 'delivered'],
  ['dead', 'Dead', 'dead'],
  ['canceled', 'Canceled', 'canceled'],
]

export async function showDeliveries(c: ConsoleContext): Promise<Response> {
  const { db, view } = c.var
  const path = `${view.base}/deliveries`
  const query = readQuery(c.req.query(), ['state', 'endpoint_id', 'event_id'])
  const filter = {
    state: State.safeParse(query.state).data,
    endpoint: parseId('ep', query.endpoint_id ?? '') ?? undefined,
    event: parseId('evt', query.event_id ?? '') ?? undefined,
    tenant: callerOf(c as never).tenant,
  }
  const page = await readListPage<DeliveryRow>({
    name: 'deliveries',
    query,
    cursor: c.req.query('cursor'),
    read: (after, limit) => listDeliveries(db, filter, { after, limit }),
    positionOf: row => [row.eventId, row.endpointId],
  })
  return render(view, {
    title: 'Deliveries',
    place: 'deliveries',
    live: { what: 'deliveries' },
    content: html`<section aria-label="Deliveries">
<h1>Deliveries</h1>
${filterForm(
  path,
  [
    { name: 'endpoint_id', label: 'Endpoint', placeholder: 'ep_…' },
    { name: 'event_id', label: 'Event', placeholder: 'evt_…' },
  ],
  query,
  ['state'],
  stateLinks(path, query),
)}
${readOnlyNote(c)}
<div class="match more"><p>${said(query, page.rows.length, page.next !== null)}${Object.keys(query).length > 0 ? html` <a href="${path}">Clear the filter</a>` : ''}</p></div>
${page.rows.length === 0 ? nothing(view, query) : list('Deliveries, newest first', deliveryColumns(view), page.rows, idOf)}
${pageLinks(path, query, page)}
</section>`,
  })
}

const stateLinks = (path: string, query: Query): Child =>
  html`<nav class="seg" aria-label="State"><a href="${withQuery(path, query, { state: null })}"${query.state ? '' : html` aria-current="true"`}>Any state</a>${states.map(
    ([value, words, name]) =>
      html`<a href="${withQuery(path, query, { state: value })}"${query.state === value ? html` aria-current="true"` : ''}>${icon(name)}${words}</a>`,
  )}</nav>`

function said({ state, endpoint_id, event_id }: Query, rows: number, hasMore: boolean): Child {
  if (rows === 0) return ''
  const words = states.find(([value]) => value === state)?.[1].toLowerCase()
  const kind = words ? html`<b>${words}</b> ` : ''
  return html`${hasMore ? `More than ${rows}` : count(rows)} ${kind}${rows === 1 ? 'delivery' : 'deliveries'}${
    endpoint_id ? html` to <b>${shortId(endpoint_id)}</b>` : ''
  }${event_id ? html` of event <b>${shortId(event_id)}</b>` : ''}, those of the newest events first.`
}

const nothing = (view: View, query: Query): Child =>
  Object.keys(query).length === 0
    ? empty(
        html`<b>There are no deliveries yet.</b> One is made for each event and each endpoint that wants it. <a href="${view.base}/events">Events</a> shows what was captured, and why a change may have made none.`,
      )
    : empty(
        html`<b>No delivery matches.</b>`,
        html`<div class="actions">${query.state ? html`<a class="btn" href="${withQuery(`${view.base}/deliveries`, query, { state: null })}">Any state</a>` : ''}<a class="btn" href="${view.base}/deliveries">Clear the filter</a></div>`,
      )

export const idOf = (row: DeliveryRow): string => formatDeliveryId(row.eventId, row.endpointId)

export function deliveryColumns(view: View, isOneEndpoint = false): Column<DeliveryRow>[] {
  const all: (Column<DeliveryRow> | null)[] = [
    { title: 'Made', kind: 'nowrap', cell: row => at(row.createdAt, view) },
    { title: 'State', cell: row => deliveryState({ ...row, reason: row.reason }) },
    {
      title: 'Event',
      kind: 'main',
      cell: row => html`<a href="${view.base}/deliveries/${idOf(row)}">${row.type}</a>`,
    },
    {
      title: 'Key',
      cell: ({ key }) =>
        key === null ? '' : html`<a href="${withQuery(`${view.base}/events`, { key })}">${foreign(key)}</a>`,
    },
    isOneEndpoint ? null : { title: 'Endpoint', cell: row => shortUrl(withoutQuery(row.url)) },
    {
      title: 'Attempts',
      kind: 'num',
      label: 'Attempts',
      cell: ({ attempt }) => number(attempt, count(attempt)),
    },
    {
      title: 'Failed with',
      cell: ({ reason }) =>
        reason === null ? '' : foreign((view.isOperator ? reason : redacted(reason)) ?? ''),
    },
    {
      title: 'Next attempt',
      kind: 'nowrap',
      cell: row => (row.state === 'pending' ? next(row, view) : ''),
    },
    { title: 'Took', kind: 'num', label: 'Took', cell: row => age(row, view) },
  ]
  return all.filter(column => column !== null)
}

/** One whose time has come waits for the endpoint, or for the next claim. */
const next = ({ dueAt }: DeliveryRow, view: View): Child => (dueAt > view.now ? ago(dueAt, view) : 'due')

/** From its making to its end, or until now. */
function age({ createdAt, finishedAt }: DeliveryRow, { now }: View): string {
  return duration(Math.max(0, ((finishedAt ?? now).getTime() - createdAt.getTime()) / 1000))
}
