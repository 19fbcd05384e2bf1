// Now: is it broken, and is it us or one receiver? The first line is the answer.
import { html } from 'hono/html'
import { callerOf } from '../../access/caller.ts'
import { readListeners } from '../../system/listeners/read.ts'
import type { Listeners } from '../../system/listeners/schema.ts'
import { readStats } from '../../system/stats/read.ts'
import { actionButton } from '../forms.ts'
import { render } from '../frame.ts'
import { type Child, type Column, endpointState, facts, type Html, list, number, section } from '../parts.ts'
import { checksPlace, senderRows } from '../senders.ts'
import type { ConsoleContext, View } from '../view.ts'
import { count, counted, duration, shortUrl } from '../words.ts'
import { chartsPlace, sparkPlace } from './charts.ts'
import { readOnlyNote } from './refusal.ts'

type Stats = Awaited<ReturnType<typeof readStats>>
type Row = Stats['endpoints'][number]

const maxSparked = 10

/** Of the endpoints in trouble: nobody reads more, and a page of a thousand takes long to make. */
const maxListed = 50

/** Of the healthy ones. */
const maxFolded = 100

export async function showNow(c: ConsoleContext): Promise<Response> {
  const { db, view } = c.var
  const [stats, senders] = await Promise.all([
    readStats(db, callerOf(c as never), { maxEndpoints: maxListed + maxFolded, troubleFirst: true }),
    view.isOperator ? readListeners(db) : null,
  ])
  const trouble = stats.endpoints.filter(row => row.in_trouble).slice(0, maxListed)
  const well = stats.endpoints.filter(row => !row.in_trouble).slice(0, maxFolded)
  const { in_trouble: inTrouble, total } = stats.endpoint_counts
  const healthy = total === inTrouble ? '' : folded(view, well, stats.endpoint_counts)
  return render(view, {
    title: 'Now',
    place: 'now',
    live: 'page',
    hasCharts: stats.endpoints.length > 0,
    content: html`<header class="page"><h1>${senders?.held ? 'Nothing is sent: this database may be a copy.' : sentence(stats)}</h1><p class="lede">${whose(view, stats, senders)}</p></header>
${readOnlyNote(c)}
${stats.endpoints.length === 0 ? noEndpoints(view) : html`${numbers(stats)}${chartsPlace(`${view.base}/charts`)}`}
${
  trouble.length === 0
    ? healthy
    : section(
        { title: 'In trouble', about: 'The most waiting first.' },
        html`${list(
          'Endpoints in trouble, the most waiting first',
          columns(view, new Set(trouble.slice(0, maxSparked).map(({ id }) => id))),
          trouble,
          row => row.id,
        )}${inTrouble > trouble.length ? html`<p class="more"><a href="${view.base}/endpoints">${count(inTrouble - trouble.length)} more in trouble</a></p>` : ''}${healthy}`,
      )
}
${senders ? section({ title: 'Senders and checks', about: 'Two independent planes: the listeners, and the cron function once a minute.' }, senderList(senders, view)) : ''}`,
  })
}

function sentence({
  deliveries,
  endpoint_counts: { total, active, failing, in_trouble: inTrouble },
  oldest_pending_seconds: oldest,
  capped,
}: Stats): string {
  if (total === 0) return 'No endpoint is registered yet.'
  const waits = deliveries.pending
  const most = capped ? 'At least ' : ''
  const wait =
    waits === 0
      ? 'Nothing waits.'
      : `${most}${counted(waits, 'delivery waits', 'deliveries wait')}${oldest !== null && oldest >= 1 ? `, the oldest for ${duration(oldest)}` : ''}.`
  if (failing > 0) return `${counted(failing, 'endpoint fails', 'endpoints fail')}. ${wait}`
  if (inTrouble > 0)
    return `${counted(inTrouble, 'endpoint has', 'endpoints have')} deliveries that do not leave. ${wait}`
  return active === 0
    ? `No endpoint is active. ${wait}`
    : `${active === 1 ? 'The one active endpoint is' : `All ${count(active)} active endpoints are`} being served. ${wait}`
}

function whose(view: View, stats: Stats, senders: Listeners | null): Child {
  const { total, healthy, failing, in_trouble: inTrouble } = stats.endpoint_counts
  if (senders?.held)
    return html`<strong>It is Outbox: nothing is sent.</strong> ${senders.held} <strong>Nothing is lost:</strong> what waits is kept. ${view.mayChange ? html`<a href="${view.base}/system/adopt" data-sheet>Say which it is…</a>` : ''}`
  if (total === 0)
    return 'Events are kept: an endpoint that you add gets those that come after it, and a replay brings it older ones.'
  const nobodySends = senders?.data.every(({ state }) => state === 'silent') && senders.last_cron_run === null
  if (nobodySends)
    return html`<strong>It is Outbox: nothing sends.</strong> No listener gives a sign of life, and the cron function has never run. <strong>Nothing is lost:</strong> what waits is kept.`
  if (failing > 0 && healthy > 0)
    return html`<strong>It is the receivers, not Outbox:</strong> ${healthy === 1 ? 'the other endpoint is' : `the other ${count(healthy)} endpoints are`} served as usual. <strong>Nothing is lost:</strong> what waits is kept, and spends no attempts while a circuit breaker is open.`
  if (inTrouble > 0)
    return html`<strong>Nothing is lost:</strong> what waits is kept until it is delivered or you decide otherwise.`
  return stats.deliveries.dead > 0
    ? html`${counted(stats.deliveries.dead, 'delivery is', 'deliveries are')} dead: <a href="${view.base}/deliveries?state=dead">look at them</a> and redeliver what should still arrive.`
    : 'Every delivery that is due leaves at once.'
}

const numbers = (stats: Stats): Html => {
  const { pending, sending, dead } = stats.deliveries
  const more = stats.capped ? '+' : ''
  return facts([
    ['Delivered, last hour', count(stats.delivered_last_hour)],
    ['Waiting', number(pending, count(pending) + more), stats.endpoint_counts.in_trouble > 0 && pending > 0],
    [
      'Oldest wait',
      stats.oldest_pending_seconds === null
        ? html`<span class="dim">none</span>`
        : duration(stats.oldest_pending_seconds),
    ],
    ['On their way', number(sending, count(sending))],
    ['Dead', number(dead, count(dead) + more)],
    ['Endpoints', count(stats.endpoint_counts.total)],
  ])
}

/** Why it is in trouble, in words. */
export function troubleOf(row: Row): string {
  const { state, failures, failing_seconds: failing, probe_in_seconds: probe } = row
  if (state === 'paused') return 'It is paused. Its deliveries leave when it is resumed.'
  if (state === 'disabled')
    return `It is disabled (${row.disabled_reason}). Resume it, then replay what it missed.`
  const failed = `${counted(failures, 'attempt')} failed in a row${failing === null ? '' : `, for ${duration(failing)}`}`
  if (probe !== null)
    return `${failed}. ${probe > 0 ? `One probe goes out in ${duration(probe)}` : 'A probe is due'}; the rest waits for its success.`
  return failures > 0 ? `${failed}. It is tried again.` : 'Its oldest delivery is late.'
}

/** `sparked`: each is a request of its own. */
const columns = (view: View, sparked: ReadonlySet<string>): Column<Row>[] => [
  {
    title: 'Endpoint',
    kind: 'main',
    cell: row =>
      html`<a href="${view.base}/endpoints/${row.id}">${shortUrl(row.url)}</a> ${endpointState({ ...row, isOpen: row.probe_in_seconds !== null })}<p>${troubleOf(row)}</p>`,
  },
  { title: 'Waiting', kind: 'num', label: 'Waiting', cell: row => html`<b>${count(row.pending)}</b>` },
  {
    title: 'Oldest',
    kind: 'num',
    label: 'Oldest',
    cell: ({ oldest_pending_seconds: oldest }) => (oldest === null ? '' : html`<b>${duration(oldest)}</b>`),
  },
  { title: 'Dead', kind: 'num', label: 'Dead', cell: ({ dead }) => number(dead, count(dead)) },
  {
    title: 'Last 2 hours',
    cell: row => (sparked.has(row.id) ? sparkPlace(`${view.base}/charts/spark`, row.id) : ''),
  },
  {
    title: 'Next attempt',
    kind: 'nowrap',
    label: 'Next',
    cell: ({ state, probe_in_seconds: probe }) =>
      state === 'active' && probe !== null ? (probe > 0 ? `in ${duration(probe)}` : 'now') : '',
  },
  {
    title: html`<span class="sr">Actions</span>`,
    cell: row =>
      actionButton(
        view,
        `endpoints/${row.id}/${row.state === 'active' ? 'pause' : 'resume'}`,
        row.state === 'active' ? 'Pause' : 'Resume',
        { label: `${row.state === 'active' ? 'Pause' : 'Resume'} ${shortUrl(row.url)}` },
      ),
  },
]

/** Healthy is quiet: a count, and the list for who asks. */
function folded(view: View, rows: readonly Row[], counts: Stats['endpoint_counts']): Html {
  const { total, healthy, in_trouble: inTrouble } = counts
  const others = total - inTrouble
  const words = `${inTrouble > 0 ? 'Of the others ' : ''}${counted(healthy, 'is', 'are')} healthy, ${others === healthy ? 'none is' : counted(others - healthy, 'is', 'are')} paused or disabled`
  return html`<details class="fold"${inTrouble === 0 && others <= 20 ? html` open` : ''}><summary>${words}</summary>${list(
    'Healthy endpoints',
    [
      {
        title: 'Endpoint',
        kind: 'main',
        cell: row => html`<a href="${view.base}/endpoints/${row.id}">${shortUrl(row.url)}</a>`,
      },
      { title: 'State', cell: row => endpointState(row) },
      {
        title: 'Waiting',
        kind: 'num',
        label: 'Waiting',
        cell: row => number(row.pending, count(row.pending)),
      },
      { title: 'Dead', kind: 'num', label: 'Dead', cell: row => number(row.dead, count(row.dead)) },
    ],
    rows,
    row => row.id,
  )}${others > rows.length ? html`<p class="more"><a href="${view.base}/endpoints">All endpoints</a></p>` : ''}</details>`
}

const senderList = (senders: Listeners, view: View): Html =>
  list(
    'Senders and checks',
    [
      { title: 'What', kind: 'main', cell: row => row.what },
      { title: 'State', cell: row => row.state },
      { title: 'What it says', kind: 'wide', cell: row => row.says },
    ],
    [...senderRows(senders, view), checksPlace(view)],
  )

const noEndpoints = (view: View): Child =>
  view.mayChange
    ? html`<div class="actions"><a class="btn primary" href="${view.base}/endpoints/new">Create an endpoint</a></div>`
    : ''
