// Deliveries: the filter is the URL, and the sentence under it says what is shown.
import { html } from 'hono/html'
import { failureKinds } from '../../../delivery/failures.ts'
import { formatDeliveryId } from '../../../delivery/ids.ts'
import { isUnreachable, redacted } from '../../../delivery/redact.ts'
import { callerOf } from '../../access/caller.ts'
import { type ListedRow, walkDeliveries } from '../../deliveries/list.ts'
import { withoutQuery } from '../../endpoints/read.ts'
import {
  aboutPatterns,
  filterNames,
  filterWords,
  isPattern,
  readFilter,
  stateWords,
} from '../delivery-filter.ts'
import { filterForm, type Input, type Query, readQuery, withQuery } from '../filters.ts'
import { actionLink } from '../forms.ts'
import { render } from '../frame.ts'
import { pageLinks, readWalkPage } from '../paging.ts'
import { ago, at, type Child, type Column, deliveryState, foreign, icon, list, number } from '../parts.ts'
import type { ConsoleContext, View } from '../view.ts'
import { count, duration, exactly, shortUrl } from '../words.ts'
import { empty, readOnlyNote } from './refusal.ts'

export async function showDeliveries(c: ConsoleContext): Promise<Response> {
  const { db, view } = c.var
  const path = `${view.base}/deliveries`
  const query = readQuery(c.req.query(), filterNames)
  const { filter, wrong } = readFilter(query, view)
  const page = await readWalkPage<ListedRow>({
    name: 'deliveries',
    query,
    cursor: c.req.query('cursor'),
    read: (after, limit) => walkDeliveries(db, callerOf(c as never).tenant, filter, { after, limit }),
    positionOf: row => [row.eventId, row.endpointId],
  })
  const isFiltered = Object.keys(query).length > 0
  return render(view, {
    title: 'Deliveries',
    place: 'deliveries',
    ...(c.req.query('cursor') ? {} : { live: { what: 'delivery deliveries' } }),
    content: html`<section aria-label="Deliveries">
<h1>Deliveries</h1>
${filterForm(path, inputs(view), query, ['state', 'event_id'], stateLinks(path, query))}
${readOnlyNote(c)}
${wrong.length === 0 ? '' : html`<p class="state failed" role="alert">${icon('failed')}Left out, because it could not be read: ${wrong.map(name => name.replaceAll('_', ' ')).join(', ')}.</p>`}
<div class="match more"><p>${page.rows.length === 0 ? '' : html`${page.next === null ? count(page.rows.length) : `More than ${page.rows.length}`} ${filterWords(query, filter, page.rows.length === 1)}, those of the newest events first.`}${isFiltered && page.rows.length > 0 ? html` <a href="${path}">Clear the filter</a>` : ''}</p>${isFiltered && page.rows.length > 0 && wrong.length === 0 ? html`<div class="actions">${actionLink(view, withQuery('deliveries/redeliver', query), 'Redeliver all that match…', { key: 'r', opensSheet: true })}</div>` : ''}</div>
${page.rows.length === 0 ? nothing(view, query, page.lookedTo ?? null, filterWords(query, filter)) : list('Deliveries, newest first', deliveryColumns(view), page.rows, idOf)}
${pageLinks(path, query, page)}
</section>`,
  })
}

const inputs = (view: View): Input[] => [
  { name: 'type', label: 'Event type', placeholder: 'order.shipped' },
  { name: 'key', label: 'Key', placeholder: 'orders/7' },
  { name: 'endpoint_id', label: 'Endpoint', placeholder: 'ep_…' },
  ...(view.isOperator ? [{ name: 'tenant', label: 'Tenant', placeholder: 'Any' }] : []),
  { name: 'error', label: 'Error', options: errorsFor(view) },
  { name: 'status', label: 'Status', placeholder: '503 or 5xx' },
  { name: 'since', label: 'Since (UTC)', placeholder: '02:31' },
  { name: 'until', label: 'Until (UTC)', placeholder: 'Now' },
]

/** A tenant sees one kind in place of all ways of not reaching a server. */
function errorsFor({ isOperator }: View): Input['options'] {
  const kinds = isOperator
    ? failureKinds
    : [...failureKinds.filter(kind => !isUnreachable(kind)), 'unreachable']
  return [['', 'Any'], ...kinds.map(kind => [kind, kind] as const)]
}

const stateLinks = (path: string, query: Query): Child =>
  html`<nav class="seg" aria-label="State"><a href="${withQuery(path, query, { state: null })}"${query.state ? '' : html` aria-current="true"`}>Any state</a>${stateWords.map(
    ([value, words, name]) =>
      html`<a href="${withQuery(path, query, { state: value })}"${query.state === value ? html` aria-current="true"` : ''}>${icon(name)}${words}</a>`,
  )}</nav>`

function nothing(view: View, query: Query, lookedTo: string | null, words: Child): Child {
  const path = `${view.base}/deliveries`
  if (Object.keys(query).length === 0)
    return empty(
      html`<b>There are no deliveries yet.</b> One is made for each event and each endpoint that wants it. <a href="${view.base}/events">Events</a> shows what was captured, and why a change may have made none.`,
    )
  const without = (name: string, words: string) =>
    query[name] ? html`<a class="btn" href="${withQuery(path, query, { [name]: null })}">${words}</a>` : ''
  return empty(
    html`<b>No delivery matches${lookedTo === null ? '' : html` since ${exactly(new Date(lookedTo))}`}.</b> Looked for: ${words}.${lookedTo === null ? '' : ' Older ones were not looked at yet.'}${isPattern(query) ? aboutPatterns : ''}`,
    html`<div class="actions">${without('since', 'Drop the time')}${without('state', 'Any state')}<a class="btn" href="${path}">Clear the filter</a></div>`,
  )
}

export const idOf = (row: ListedRow): string => formatDeliveryId(row.eventId, row.endpointId)

export function deliveryColumns(view: View, isOneEndpoint = false): Column<ListedRow>[] {
  const all: (Column<ListedRow> | null)[] = [
    { title: 'Made', kind: 'nowrap', cell: row => at(row.createdAt, view) },
    { title: 'State', cell: row => deliveryState(row) },
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
    { title: 'Last answer', kind: 'nowrap', cell: row => lastAnswer(row, view) },
    {
      title: 'Next attempt',
      kind: 'nowrap',
      label: 'Next',
      cell: row => (row.state === 'pending' ? next(row, view) : ''),
    },
    { title: 'Age', kind: 'num', label: 'Age', cell: row => age(row, view) },
  ]
  return all.filter(column => column !== null)
}

/** The status, or why there was none. A tenant does not learn how a server was not reached. */
function lastAnswer({ lastStatus, reason, state }: ListedRow, view: View): Child {
  if (!view.isOperator && isUnreachable(reason)) return redacted(reason)
  if (lastStatus !== null)
    return state === 'delivered' ? html`<span class="dim">${lastStatus}</span>` : String(lastStatus)
  return reason === null ? '' : foreign(reason)
}

/** One whose time has come waits for the endpoint, or for the next claim. */
const next = ({ dueAt }: ListedRow, view: View): Child =>
  new Date(dueAt) > view.now ? ago(dueAt, view) : 'due'

/** From its making to its end, or until now. */
function age({ createdAt, finishedAt }: ListedRow, { now }: View): string {
  const end = finishedAt === null ? now : new Date(finishedAt)
  return duration(Math.max(0, (end.getTime() - new Date(createdAt).getTime()) / 1000))
}
