// A delivery's history: its stops with the time, dashed where it waited, and what happens next as the last stop.
import { html } from 'hono/html'
import { contextHeaders } from '../../delivery/context.ts'
import { type FailureKind, failures } from '../../delivery/failures.ts'
import type { ExplainedDelivery } from '../deliveries/explain.ts'
import type { Attempt, DeliveryWithAttempts } from '../deliveries/schema.ts'
import { hidden } from './forms.ts'
import type { Icon } from './icons.ts'
import { type Child, copyButton, exactTime, foreign, type Html, icon, verbatim } from './parts.ts'
import type { View } from './view.ts'
import { clock, count, duration, relative } from './words.ts'

export function road(
  view: View,
  delivery: DeliveryWithAttempts,
  explained: ExplainedDelivery,
  data: string | null,
  /** Of endpoints without one of their own. */
  commonSchedule: readonly number[],
): Html {
  const committed = new Date(explained.occurredAt)
  const made = new Date(delivery.created_at)
  const schedule = explained.retrySchedule ?? commonSchedule
  const lastFailed = delivery.attempts.findLast(({ error }) => error !== null)
  return html`<ol class="road">
${stop('', 'database', committed, null, html`<b>Committed</b>${explained.actor ? html` by <code>${foreign(explained.actor)}</code>` : ''}.`)}
${stop('', 'fanout', made, committed, html`<b>Made into a delivery</b> to ${foreign(explained.url)}.`)}
${delivery.attempts.map((attempt, i) => {
  const before = delivery.attempts[i - 1]
  const isExplained = attempt.error !== delivery.attempts[i + 1]?.error
  return html`${before ? gap(endOf(before), new Date(attempt.started_at), schedule[before.number - 1]) : ''}${attemptStop(view, delivery, explained, attempt, { committed, isOpen: attempt === lastFailed, isExplained, data })}`
})}
${nextStop(view, delivery, explained)}
</ol>`
}

const endOf = ({ started_at, duration_ms }: Attempt) => new Date(Date.parse(started_at) + (duration_ms ?? 0))

function stop(kind: string, name: Icon, time: Date, since: Date | null, content: Child): Html {
  const offset =
    since && html`<small>+${duration(Math.max(0, (time.getTime() - since.getTime()) / 1000))}</small>`
  return html`<li class="${kind}"><p class="at">${exactTime(time, clock(time, { milliseconds: true }))}${offset}</p>${icon(name)}<div>${content}</div></li>`
}

/** What a wait is off its schedule at most: jitter of a fifth, and what is late by then. */
const maxOff = 0.25

/** `planned`: what the schedule says after that attempt. A wait of another length had another cause, and is only told. */
function gap(from: Date, to: Date, planned: number | undefined): Html {
  const waited = Math.max(0, (to.getTime() - from.getTime()) / 1000)
  const isPlanned = planned !== undefined && Math.abs(waited - planned) <= planned * maxOff
  const why = isPlanned ? `: ${duration(planned)} by the schedule, plus or minus a fifth` : ''
  return html`<li class="gap"><div>Waited ${duration(waited)}${why}</div></li>`
}

const sentBy: Readonly<Record<Attempt['sender'], string>> = {
  listener: ', sent by a listener',
  cron: ', sent by the cron function',
  pull: ', sent by who pulls',
  edge: ', sent by a consumer at the edge',
}

interface Shown {
  readonly committed: Date
  /** Its request and answer are open. */
  readonly isOpen: boolean
  /** With what its error means: said once where several attempts in a row failed alike. */
  readonly isExplained: boolean
  readonly data: string | null
}

function attemptStop(
  view: View,
  delivery: DeliveryWithAttempts,
  explained: ExplainedDelivery,
  attempt: Attempt,
  { committed, isOpen, isExplained, data }: Shown,
): Html {
  const { number, error, response_status: status, duration_ms: ms, sender } = attempt
  const took = ms === null ? '' : ` in ${duration(ms / 1000)}`
  const by = sentBy[sender]
  const what =
    error === null
      ? html`<b>Attempt ${number} arrived${status === null ? '' : ` with status ${status}`}</b>${took}${by}.`
      : html`<b>Attempt ${number} failed${status === null ? `: ${error}` : ` with status ${status}`}</b>${took}${by}.${isExplained ? meaning(error) : ''}`
  return stop(
    error === null ? 'good' : 'bad',
    error === null ? 'delivered' : error === 'interrupted' ? 'interrupted' : 'failed',
    new Date(attempt.started_at),
    committed,
    html`${what}<details class="attempt"${isOpen || data !== null ? html` open` : ''}><summary>Request and answer</summary>${exchange(view, delivery, explained, attempt, data)}</details>`,
  )
}

/** What the kind of failure means, with the word that stands in the API. */
function meaning(error: string): Child {
  const known = failures[error as FailureKind]
  return known ? html` <span class="dim"><code>${error}</code>: ${known.meaning}</span>` : ''
}

function exchange(
  view: View,
  delivery: DeliveryWithAttempts,
  explained: ExplainedDelivery,
  attempt: Attempt,
  data: string | null,
): Html {
  const { number, response_status: status, response_body: body, duration_ms: ms } = attempt
  const headers: readonly (readonly [name: string, value: string])[] = [
    ['POST', explained.url],
    ['content-type', 'application/json'],
    ['webhook-id', delivery.event_id],
    ['webhook-timestamp', String(Math.floor(Date.parse(attempt.started_at) / 1000))],
    ['outbox-delivery', delivery.id],
    ['outbox-attempt', String(number)],
    ...pairs(contextHeaders(explained)),
  ]
  const curl = `curl -X POST ${quoted(explained.url)} ${headers
    .slice(1)
    .map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`)
    .join(' ')} -d @body.json`
  return html`<div class="exchange">
<div><h3>Request ${copyButton(curl, 'Copy the request as curl')}</h3>
<dl class="headers">${headers.map(([name, value]) => html`<dt>${name}</dt><dd>${foreign(value)}</dd>`)}</dl>
${sealedBody(view, delivery, explained, number, data)}</div>
<div><h3>Answer${status === null ? ': none' : `: ${status}${ms === null ? '' : ` in ${duration(ms / 1000)}`}`}</h3>
${body ? verbatim(body, `Body of the answer to attempt ${number}`) : html`<p class="dim">${status === null ? 'Nothing came back.' : 'Without a body.'}</p>`}</div>
</div>`
}

/** As one word of a shell: an actor is what a writer says, and may hold a quote. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

const pairs = (all: readonly string[]) =>
  all.flatMap((name, i) => (i % 2 === 0 ? [[name, all[i + 1]!] as const] : []))

/** Hidden until somebody asks, and the asking is written down. */
function sealedBody(
  view: View,
  { id }: DeliveryWithAttempts,
  explained: ExplainedDelivery,
  number: number,
  data: string | null,
): Html {
  if (data !== null) {
    return html`${verbatim(data, `Data of the request of attempt ${number}`)}<p class="dim">The member <code>data</code> of the body. That you asked to see it is in the audit.</p>`
  }
  return html`<form class="sealed" method="post" action="${view.base}/deliveries/${id}/show">${hidden(view)}${icon('lock')}<span>The data is hidden, ${count(explained.bytes)} bytes.</span><button class="btn" type="submit">Show<span class="sr"> the data of attempt ${number}</span></button><small>Showing it is written to the audit.</small></form>`
}

/** It waits for its time, and for nothing else (drizzle/functions/delivery_reason.sql). */
const isOfTime = (reason: string | null) => reason === null || /^Attempt \d+ is due at/.test(reason)

function nextStop(
  view: View,
  { state, due_at: due, attempt, finished_at: finished }: DeliveryWithAttempts,
  { reason }: ExplainedDelivery,
): Child {
  const last = (name: Icon, kind: string, when: Date, content: Child) =>
    html`<li class="${kind}"><p class="at">${exactTime(when, relative(when, view.now))}<small>${clock(when)}</small></p>${icon(name)}<div>${content}</div></li>`
  if (state === 'pending' && due !== null) {
    const when = new Date(due)
    return last(
      'pending',
      'next',
      when,
      html`<b>Next: attempt ${attempt + 1}.</b>${when <= view.now ? ' Its time has come; the title says what it waits for.' : isOfTime(reason) ? '' : ' Then is its time by the schedule; the title says what it waits for besides.'}`,
    )
  }
  if (state === 'sending') return last('sending', 'next', view.now, html`<b>An attempt is under way.</b>`)
  if (finished === null || state === 'delivered') return ''
  return state === 'dead'
    ? last(
        'dead',
        'bad',
        new Date(finished),
        html`<b>Dead.</b> No more attempts are made. Redeliver it when the receiver is mended.`,
      )
    : last('canceled', '', new Date(finished), html`<b>Canceled.</b>`)
}
