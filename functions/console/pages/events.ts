// Events, and beside them the question that nobody else answers: why is there no event?
import { html } from 'hono/html'
import { callerOf } from '../../access/caller.ts'
import { explainRow } from '../../events/explain/read.ts'
import { toListedEvent, walkEvents } from '../../events/read.ts'
import { aboutPatterns, isPattern } from '../delivery-filter.ts'
import { filterForm, type Query, readQuery, readTime, withQuery } from '../filters.ts'
import { actionLink, field } from '../forms.ts'
import { render } from '../frame.ts'
import { pageLinks, readWalkPage } from '../paging.ts'
import {
  at,
  type Child,
  type Column,
  explained,
  foreign,
  iconSaying,
  list,
  section,
  state,
} from '../parts.ts'
import type { ConsoleContext, View } from '../view.ts'
import { count, exactly } from '../words.ts'
import { empty, readOnlyNote } from './refusal.ts'

type Listed = ReturnType<typeof toListedEvent>
type State = Listed['deliveries'][number]['state']

export async function showEvents(c: ConsoleContext): Promise<Response> {
  const { db, view } = c.var
  const path = `${view.base}/events`
  const query = readQuery(c.req.query(), ['type', 'key', 'tenant', 'since', 'until'])
  const since = query.since ? readTime(query.since, view.now) : undefined
  const until = query.until ? readTime(query.until, view.now) : undefined
  const unreadable = since === null || until === null
  const filter = {
    type: query.type,
    key: query.key,
    tenant: query.tenant,
    since: since ?? undefined,
    until: until ?? undefined,
  }
  const asked = readQuery(c.req.query(), ['table', 'row'])
  const [page, found] = await Promise.all([
    readWalkPage({
      name: 'events',
      query,
      cursor: c.req.query('cursor'),
      read: (after, limit) =>
        walkEvents(db, callerOf(c as never), filter, { before: after?.[0] ?? null, limit }),
      positionOf: row => [row.id],
    }),
    view.isOperator && asked.table && asked.row
      ? explainRow(db, { table: asked.table, key: asked.row })
      : null,
  ])
  const rows = page.rows.map(toListedEvent)
  const events = html`<section aria-label="Events">
<header class="page"><h1>Events</h1><div class="actions">${actionLink(view, withQuery('events/new', query.type ? { type: query.type } : {}), 'Write an event…')}</div></header>
${filterForm(
  path,
  [
    { name: 'type', label: 'Event type', placeholder: 'order.shipped' },
    { name: 'key', label: 'Key', placeholder: 'orders/7' },
    ...(view.isOperator ? [{ name: 'tenant', label: 'Tenant', placeholder: 'Any' }] : []),
    { name: 'since', label: 'Since (UTC)', placeholder: '02:31' },
    { name: 'until', label: 'Until (UTC)', placeholder: 'Now' },
  ],
  query,
)}
${readOnlyNote(c)}
${unreadable ? html`<p class="state failed" role="alert">A time is 02:31, 2026-11-24 or 2026-11-24 02:31, in UTC. The one that could not be read was left out.</p>` : ''}
<div class="match more"><p>${said(query, filter)}${rows.length > 0 && Object.keys(query).length > 0 ? html` <a href="${path}">Clear the filter</a>` : ''}</p></div>
${rows.length === 0 ? nothing(view, query) : list('Events, newest first', columns(view), rows, ({ id }) => id)}
${pageLinks(path, query, page)}
</section>`
  return render(view, {
    title: 'Events',
    place: 'events',
    ...(c.req.query('cursor') ? {} : { live: { what: 'event events' } }),
    content: view.isOperator
      ? html`<div class="split">${events}<div>${shouldHaveFired(view, asked, found)}</div></div>`
      : events,
  })
}

interface TimeSpan {
  readonly since?: Date | undefined
  readonly until?: Date | undefined
}

function said({ type, key, tenant }: Query, { since, until }: TimeSpan): Child {
  if (!type && !key && !tenant && !since && !until) return ''
  return html`Events${type ? html` of type <b>${foreign(type)}</b>` : ''}${key ? html` with key <b>${foreign(key)}</b>` : ''}${tenant ? html` of tenant <b>${foreign(tenant)}</b>` : ''}${
    since ? html` since <b>${exactly(since)}</b>` : ''
  }${until ? html` until <b>${exactly(until)}</b>` : ''}, newest first.`
}

const nothing = (view: View, query: Query): Child =>
  Object.keys(query).length > 0
    ? empty(
        html`<b>No event matches.</b>${isPattern(query) ? aboutPatterns : ''}${view.isOperator ? ' Should there be one? Ask beside this list why there is none.' : ''}`,
        html`<div class="actions"><a class="btn" href="${view.base}/events">Clear the filter</a></div>`,
      )
    : empty(
        html`<b>There are no events yet.</b> An event is written when a watched row changes.`,
        view.isOperator
          ? html`<pre tabindex="0" role="region" aria-label="Command">SELECT outbox.watch('orders');</pre>`
          : '',
      )

const columns = (view: View): Column<Listed>[] => [
  { title: 'Committed', kind: 'nowrap', cell: row => at(row.timestamp, view) },
  {
    title: 'Event',
    kind: 'main',
    cell: row => html`<a href="${view.base}/events/${row.id}">${foreign(row.type)}</a>`,
  },
  { title: 'Key', cell: ({ key }) => (key === null ? '' : foreign(key)) },
  { title: 'Tenant', label: 'Tenant', cell: ({ tenant }) => (tenant === null ? '' : foreign(tenant)) },
  { title: 'Deliveries', kind: 'nowrap', cell: row => counts(row) },
]

const words: Record<State, string> = {
  delivered: 'delivered',
  pending: 'waiting',
  sending: 'sending',
  dead: 'dead',
  canceled: 'canceled',
}

function counts({ deliveries }: Listed): Child {
  if (deliveries.length === 0) return html`<span class="dim">no delivery</span>`
  return (Object.keys(words) as State[])
    .map(name => [name, deliveries.filter(delivery => delivery.state === name).length] as const)
    .filter(([, n]) => n > 0)
    .map(([name, n]) => html`${state(name, html`${count(n)}<span class="sr"> ${words[name]}</span>`)} `)
}

function shouldHaveFired(view: View, asked: Query, found: Awaited<ReturnType<typeof explainRow>> | null) {
  return section(
    { title: 'It should have fired', id: 'should' },
    html`<div class="stack"><p class="dim">A row changed, and there is no event? Name the row.</p>
<form class="stack" method="get" action="${view.base}/events#should"><div class="pair">${field({ name: 'table', label: 'Table', value: asked.table ?? '', placeholder: 'orders', required: true })}${field({ name: 'row', label: 'Key', value: asked.row ?? '', placeholder: 'orders/7', required: true })}</div><button class="btn primary" type="submit">Ask</button></form>
${found ? answer(found.findings, view) : ''}</div>`,
  )
}

type Finding = Awaited<ReturnType<typeof explainRow>>['findings'][number]

/** An operation that is not watched is no fault: it stands aside, so that the one reason is seen. */
const isAside = ({ holds, finding }: Finding) =>
  !holds && /^\w+ is not captured: it is not among/.test(finding)

function answer(findings: readonly Finding[], view: View): Child {
  const reasons = findings.filter(finding => !finding.holds && !isAside(finding))
  const sentence =
    reasons.length === 0
      ? 'Nothing here would keep a change of this row from making an event.'
      : reasons[0]!.finding
  return html`<p><b>${explained(sentence, view)}</b></p><ul class="why">${findings.map(finding => {
    const [kind, name, meaning] = finding.holds
      ? (['', 'tick', 'Holds:'] as const)
      : isAside(finding)
        ? (['aside', 'canceled', 'By the way:'] as const)
        : (['no', 'cross', 'Does not hold:'] as const)
    return html`<li class="${kind}">${iconSaying(name, meaning)}<span>${explained(finding.finding, view)}</span></li>`
  })}</ul>`
}
