// Now: is it broken, and is it us or one receiver? The first line is the answer.
import { html } from 'hono/html'
import { readCaptureHealth } from '../../../drizzle/capture-health.ts'
import { callerOf } from '../../access/caller.ts'
import { readListeners } from '../../system/listeners/read.ts'
import type { Listeners } from '../../system/listeners/schema.ts'
import { readStats } from '../../system/stats/read.ts'
import { maxEndpoints } from '../../system/stats/schema.ts'
import { actionButton } from '../forms.ts'
import { render } from '../frame.ts'
import {
  type Child,
  type Column,
  endpointState,
  facts,
  type Html,
  list,
  number,
  section,
  withCommands,
} from '../parts.ts'
import { checksLine, senderRows } from '../senders.ts'
import type { ConsoleContext, View } from '../view.ts'
import { count, counted, duration, shortUrl } from '../words.ts'
import { chartsPlace, sparkPlace } from './charts.ts'
import { readOnlyNote } from './refusal.ts'

type Stats = Awaited<ReturnType<typeof readStats>>
type Row = Stats['endpoints'][number]

const maxSparked = 10

/** Of the endpoints in trouble: nobody reads more, and a page of a thousand takes long to make. */
const maxListed = 50

/** A delivery that waits longer than this, though its endpoint is well, is late. */
const lateSeconds = 60

export async function showNow(c: ConsoleContext): Promise<Response> {
  const { db, view } = c.var
  const [stats, senders, checks] = await Promise.all([
    readStats(db, callerOf(c as never)),
    view.isOperator ? readListeners(db) : null,
    view.isOperator ? readCaptureHealth(db.run) : null,
  ])
  const trouble = stats.endpoints.filter(isInTrouble).sort((a, b) => b.pending - a.pending)
  const well = stats.endpoints.filter(row => !isInTrouble(row))
  const healthy = well.length === 0 ? '' : folded(view, well, trouble.length > 0)
  return render(view, {
    title: 'Now',
    place: 'now',
    live: 'page',
    hasCharts: stats.endpoints.length > 0,
    content: html`<header class="page"><h1>${senders?.held ? 'Nothing is sent: this database may be a copy.' : sentence(stats, trouble)}</h1><p class="lede">${whose(view, stats, trouble, well, senders)}</p></header>
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
          trouble.slice(0, maxListed),
          row => row.id,
        )}${trouble.length > maxListed ? html`<p class="more"><a href="${view.base}/endpoints">${count(trouble.length - maxListed)} more in trouble</a></p>` : ''}${healthy}`,
      )
}
${senders && checks ? section({ title: 'Senders and checks', about: 'Two independent planes: the listeners, and the cron function once a minute.' }, senderList(senders, checks, view)) : ''}`,
  })
}

const isFailing = (row: Row) => row.state === 'active' && (row.probe_in_seconds !== null || row.failures > 0)
const isInTrouble = (row: Row) => isFailing(row) || (row.state !== 'active' && row.pending > 0) || isLate(row)
const isLate = (row: Row) => row.state === 'active' && (row.oldest_pending_seconds ?? 0) > lateSeconds

/** Stats look at that many endpoints. */
const areMore = ({ endpoints }: Stats) => endpoints.length === maxEndpoints

function sentence(stats: Stats, trouble: readonly Row[]): string {
  const { deliveries, endpoints, oldest_pending_seconds: oldest, capped } = stats
  if (endpoints.length === 0) return 'No endpoint is registered yet.'
  const waits = deliveries.pending
  const most = capped ? 'At least ' : ''
  const wait =
    waits === 0
      ? 'Nothing waits.'
      : `${most}${counted(waits, 'delivery waits', 'deliveries wait')}${oldest !== null && oldest >= 1 ? `, the oldest for ${duration(oldest)}` : ''}.`
  const failing = trouble.filter(isFailing).length
  if (failing > 0) return `${counted(failing, 'endpoint fails', 'endpoints fail')}. ${wait}`
  if (trouble.length > 0)
    return `${counted(trouble.length, 'endpoint has', 'endpoints have')} deliveries that do not leave. ${wait}`
  const active = endpoints.filter(({ state }) => state === 'active').length
  return active === 0
    ? `No endpoint is active. ${wait}`
    : `${active === 1 ? 'The one active endpoint is' : `All ${areMore(stats) ? 'of at least ' : ''}${count(active)} active endpoints are`} being served. ${wait}`
}

function whose(
  view: View,
  stats: Stats,
  trouble: readonly Row[],
  well: readonly Row[],
  senders: Listeners | null,
): Child {
  if (senders?.held)
    return html`<strong>It is Outbox: nothing is sent.</strong> ${withCommands(senders.held)} <strong>Nothing is lost:</strong> what waits is kept. ${view.mayChange ? html`<a href="${view.base}/system/adopt" data-sheet>Say which it is…</a>` : ''}`
  if (stats.endpoints.length === 0)
    return 'Events are kept: an endpoint that you add gets those that come after it, and a replay brings it older ones.'
  const nobodySends = senders?.data.every(({ state }) => state === 'silent') && senders.last_cron_run === null
  if (nobodySends)
    return html`<strong>It is Outbox: nothing sends.</strong> No listener gives a sign of life, and the cron function has never run. <strong>Nothing is lost:</strong> what waits is kept.`
  const served = well.filter(({ state }) => state === 'active').length
  if (trouble.some(isFailing) && served > 0)
    return html`<strong>It is the receivers, not Outbox:</strong> ${served === 1 ? 'the other endpoint is' : `the other ${count(served)} endpoints are`} served as usual. <strong>Nothing is lost:</strong> what waits is kept, and spends no attempts while a circuit breaker is open.`
  if (trouble.length > 0)
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
    ['Waiting', number(pending, count(pending) + more), stats.endpoints.some(isInTrouble) && pending > 0],
    [
      'Oldest wait',
      stats.oldest_pending_seconds === null
        ? html`<span class="dim">none</span>`
        : waited(stats.oldest_pending_seconds),
    ],
    ['On their way', number(sending, count(sending))],
    ['Dead', number(dead, count(dead) + more)],
    ['Endpoints', count(stats.endpoints.length) + (areMore(stats) ? '+' : '')],
  ])
}

/** What waits for its time, and not for us, has not waited yet. */
const waited = (seconds: number): Child => (seconds === 0 ? number(0, '') : html`<b>${duration(seconds)}</b>`)

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
    cell: ({ oldest_pending_seconds: oldest }) => (oldest === null ? '' : waited(oldest)),
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
function folded(view: View, rows: readonly Row[], areOthers: boolean): Html {
  const of = (state: Row['state']) => rows.filter(row => row.state === state).length
  const words = `${areOthers ? 'Of the others ' : ''}${counted(of('active'), 'is', 'are')} healthy, ${of('paused') || 'none'} ${of('paused') > 1 ? 'are' : 'is'} paused, ${of('disabled') || 'none'} ${of('disabled') > 1 ? 'are' : 'is'} disabled`
  const shown = rows.slice(0, 100)
  return html`<details class="fold"${!areOthers && rows.length <= 20 ? html` open` : ''}><summary>${words}</summary>${list(
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
    shown,
    row => row.id,
  )}${rows.length > shown.length ? html`<p class="more"><a href="${view.base}/endpoints">All endpoints</a></p>` : ''}</details>`
}

const senderList = (
  senders: Listeners,
  checks: Awaited<ReturnType<typeof readCaptureHealth>>,
  view: View,
): Html =>
  list(
    'Senders and checks',
    [
      { title: 'What', kind: 'main', cell: row => row.what },
      { title: 'State', cell: row => row.state },
      { title: 'What it says', kind: 'wide', cell: row => row.says },
    ],
    [...senderRows(senders, view), checksLine(checks, view)],
  )

const noEndpoints = (view: View): Child =>
  view.mayChange
    ? html`<div class="actions"><a class="btn primary" href="${view.base}/endpoints/new">Create an endpoint</a></div>`
    : ''
