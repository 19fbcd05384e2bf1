// Charts, each with one question, its answer as a sentence, and a table of the same numbers. Now and the endpoint's page fetch
// them after themselves, so that the first line of those does not wait for history; without script this is a page of its own.
import { html } from 'hono/html'
import { parseId } from '../../../delivery/ids.ts'
import { callerOf } from '../../access/caller.ts'
import { rangeOf } from '../../system/series/range.ts'
import { readSeries } from '../../system/series/read.ts'
import type { Measure, Series } from '../../system/series/schema.ts'
import { type Query, readQuery, withQuery } from '../filters.ts'
import { render } from '../frame.ts'
import { type Child, type Html, state } from '../parts.ts'
import { spark, sparkBucket, sparkMinutes } from '../spark.ts'
import type { ConsoleContext } from '../view.ts'
import { clock, count, counted, duration, percent } from '../words.ts'
import { renderRefusal } from './refusal.ts'

const ranges = [
  ['1h', '1 hour', 1],
  ['24h', '24 hours', 24],
  ['7d', '7 days', 7 * 24],
] as const

export async function showCharts(c: ConsoleContext): Promise<Response> {
  const { db, view } = c.var
  const query = readQuery(c.req.query(), ['range', 'endpoint_id'])
  const [, , hours] = ranges.find(([name]) => name === query.range) ?? ranges[0]
  const range = rangeOf(
    { since: new Date(view.now.getTime() - hours * 3_600_000), until: view.now },
    view.now,
  )
  const endpoint = parseId('ep', query.endpoint_id ?? '') ?? undefined
  const { tenant } = callerOf(c as never)
  if ('path' in range || (query.endpoint_id && !endpoint)) return renderRefusal(c, 'unknown')
  // Tenants are shown how their receiver does, and not how we do: so it stays at three statements for them too.
  const measures: Measure[] = endpoint
    ? ['attempts', 'response_time', ...(tenant === null ? (['first_attempt_delay'] as const) : [])]
    : ['attempts', 'oldest_pending']
  const scope = { endpoint, tenant, reader: tenant, isBrief: true }
  const series = await readSeries(db, scope, range, new Set(measures))
  if (!series) return renderRefusal(c, 'unknown')
  return render(view, {
    title: 'Charts',
    place: endpoint ? 'endpoints' : 'now',
    hasCharts: true,
    content: html`<header class="page"><h1>${endpoint ? 'How it answers' : 'Is it getting worse?'}</h1></header>
<div id="charts" class="charts">${rangeLinks(`${view.base}/charts`, query)}
${endpoint ? html`${answersChart(series)}${outcomes(series)}` : html`<div class="pair">${attemptsChart(series)}${oldestChart(series)}</div>`}</div>`,
  })
}

/** Of one endpoint, for its row in a list. */
export async function showSpark(c: ConsoleContext): Promise<Response> {
  const { db, view } = c.var
  const endpoint = parseId('ep', c.req.query('endpoint_id') ?? '')
  const since = new Date(view.now.getTime() - sparkMinutes * 60_000)
  const range = rangeOf({ since, until: view.now, bucket: sparkBucket }, view.now)
  const { tenant } = callerOf(c as never)
  if ('path' in range || !endpoint) return renderRefusal(c, 'unknown')
  const scope = { endpoint, tenant, reader: tenant, isBrief: true }
  const series = await readSeries(db, scope, range, new Set(['attempts']))
  if (!series) return renderRefusal(c, 'unknown')
  const content = html`<header class="page"><h1>The last two hours</h1></header><p id="spark">${spark(series)}</p>`
  return render(view, { title: 'The last two hours', place: 'endpoints', content })
}

const rangeLinks = (path: string, query: Query): Child =>
  html`<nav class="seg" aria-label="Range">${ranges.map(
    ([name, words], i) =>
      html`<a href="${withQuery(path, query, { range: name })}"${name === query.range || (i === 0 && !query.range) ? html` aria-current="true"` : ''}>${words}</a>`,
  )}</nav>`

interface Chart {
  readonly kind: 'attempts' | 'oldest' | 'answers'
  readonly question: string
  readonly conclusion: string
  /** Nothing happened in this time: there is no scale to draw, only the line on which it would stand. */
  readonly isEmpty: boolean
  /** Name, and the class that says how it is drawn. */
  readonly legend: readonly (readonly [words: string, kind: string])[]
  readonly columns: readonly (readonly [title: string, values: readonly (number | null)[]])[]
}

function chart(
  { times, bucket }: Series,
  { kind, question, conclusion, isEmpty, legend, columns }: Chart,
): Html {
  const first = times[0] ?? ''
  const last = times.at(-1) ?? ''
  const words = (iso: string) =>
    bucket.endsWith('m') ? clock(new Date(iso)).slice(0, 5) : iso.slice(5, 16).replace('T', ' ')
  const caption = html`<figcaption><h2>${question}</h2><p>${conclusion}</p></figcaption>`
  if (isEmpty)
    return html`<figure class="chart">${caption}<div class="plot nothing"></div><p class="legend">${words(first)} to ${words(last)} UTC</p></figure>`
  return html`<figure class="chart" data-chart="${kind}">
${caption}
<div class="plot" role="img" aria-label="${question}: ${conclusion}"></div>
<p class="legend" aria-hidden="true">${legend.map(([name, how]) => html`<span class="${how}">${name} <output></output></span>`)}<output class="at">${words(first)} to ${words(last)} UTC</output></p>
<details><summary>As a table<span class="sr">: ${question}</span></summary><div class="scroll" tabindex="0" role="region" aria-label="${question}, as a table"><table class="plain">
<thead><tr><th scope="col">Time (UTC)</th>${columns.map(([title]) => html`<th scope="col" class="num">${title}</th>`)}</tr></thead>
<tbody>${times.map(
    (time, i) =>
      html`<tr><th scope="row"><time datetime="${time}">${words(time)}</time></th>${columns.map(([, values]) => html`<td class="num">${shown(values[i] ?? null)}</td>`)}</tr>`,
  )}</tbody></table></div></details>
</figure>`
}

const shown = (value: number | null) => (value === null ? '' : String(+value.toPrecision(4)))

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

/** What did not arrive, by bucket. An outcome that never occurred is not there. */
function failedOf({ attempts = {}, times }: Series): number[] {
  const failures = Object.entries(attempts).filter(([outcome]) => outcome !== 'delivered')
  return times.map((_, i) => sum(failures.map(([, values]) => values[i] ?? 0)))
}

const deliveredOf = ({ attempts = {}, times }: Series) => attempts.delivered ?? times.map(() => 0)

const share = (part: number, whole: number) => (whole === 0 ? '' : ` (${percent(part, whole)})`)

const nothingMade = 'No attempt was made in this time. The last minute or two are not counted yet.'

function attemptsChart(series: Series): Html {
  const [delivered, failed] = [deliveredOf(series), failedOf(series)]
  const [arrived, lost] = [sum(delivered), sum(failed)]
  const worst = Object.entries(series.attempts ?? {})
    .filter(([outcome]) => outcome !== 'delivered')
    .sort(([, a], [, b]) => sum(b) - sum(a))[0]
  return chart(series, {
    kind: 'attempts',
    question: series.bucket === '1m' ? 'Attempts per minute' : `Attempts per ${series.bucket}`,
    isEmpty: arrived + lost === 0,
    conclusion:
      lost === 0
        ? arrived === 0
          ? nothingMade
          : `${counted(arrived, 'attempt')} arrived, none failed.`
        : `${count(lost)} of ${counted(arrived + lost, 'attempt')} failed${share(lost, arrived + lost)}, most of them with ${worst?.[0]}.`,
    legend: [
      ['Up: delivered', 'up'],
      ['Down: failed', 'down'],
    ],
    columns: [
      ['Delivered', delivered],
      ['Failed', failed],
    ],
  })
}

function oldestChart(series: Series): Html {
  const seconds = series.oldest_pending?.seconds ?? []
  const known = seconds.filter(value => value !== null)
  const latest = known.at(-1) ?? 0
  const most = Math.max(0, ...known)
  return chart(series, {
    kind: 'oldest',
    question: 'Oldest wait',
    isEmpty: known.length === 0,
    conclusion:
      known.length === 0
        ? 'Nobody looked in this time: a sender does so once a minute.'
        : most < 1
          ? 'No wait of a second or more was seen; it is looked up once a minute.'
          : `${duration(latest)} when it was last looked up, ${duration(most)} at most.`,
    legend: [['How long the oldest due delivery has waited', 'accent line']],
    columns: [['Seconds', seconds]],
  })
}

function answersChart(series: Series): Html {
  const { response_time: theirs, first_attempt_delay: ours } = series
  const failed = failedOf(series)
  const lost = sum(failed)
  const isEmpty = lost + sum(deliveredOf(series)) === 0
  const most = (values: readonly (number | null)[] = []) =>
    duration(Math.max(0, ...values.map(value => value ?? 0)))
  const wait = ours
    ? ` Our own wait before the first attempt was ${most(ours.p95_seconds)} at most (p95).`
    : ''
  return chart(series, {
    kind: 'answers',
    question: ours ? 'Is it them or us?' : 'How does it answer?',
    isEmpty,
    conclusion: isEmpty
      ? nothingMade
      : `They answer within ${most(theirs?.p95_seconds)} (p95), and ${lost === 0 ? 'no attempt' : counted(lost, 'attempt')} failed.${wait}`,
    legend: [
      ['Their answer, p50', 'accent line'],
      ['p95', 'soft line'],
      ...(ours ? [['Our wait, p95', 'thin'] as const] : []),
      ['Failed', 'dead'],
    ],
    columns: [
      ['Their p50, s', theirs?.p50_seconds ?? []],
      ['Their p95, s', theirs?.p95_seconds ?? []],
      ['Failed', failed],
      ...(ours ? [['Our wait, s', ours.p95_seconds] as const] : []),
    ],
  })
}

/** What came of the attempts, as a table: the kinds of failures beside the successes. */
function outcomes({ attempts = {} }: Series): Html | '' {
  const rows = Object.entries(attempts)
    .map(([outcome, values]) => ({ outcome, attempts: sum(values) }))
    .sort((a, b) => b.attempts - a.attempts)
  const all = sum(rows.map(row => row.attempts))
  return all === 0
    ? ''
    : html`<table class="plain"><caption class="sr">What came of the attempts</caption>
<thead><tr><th scope="col">What came of it</th><th scope="col" class="num">Attempts</th><th scope="col" class="num">Share</th></tr></thead>
<tbody>${rows.map(
        row =>
          html`<tr><th scope="row">${row.outcome === 'delivered' ? state('delivered', 'delivered') : state('failed', row.outcome)}</th><td class="num">${count(row.attempts)}</td><td class="num">${percent(row.attempts, all)}</td></tr>`,
      )}</tbody></table>`
}

/** Filled by script, where there is one. */
export const sparkPlace = (path: string, endpointId: string): Html =>
  html`<span class="sparkline" data-include="${withQuery(path, { endpoint_id: endpointId })}" data-from="spark"></span>`

/** Where a page has its charts: filled by script, and for all others a link. */
export const chartsPlace = (path: string, query: Query = {}): Html =>
  html`<div class="charts" data-include="${withQuery(path, query)}" data-from="charts"><p class="dim"><a href="${withQuery(path, query)}">Charts</a></p></div>`
