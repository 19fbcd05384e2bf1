// One delivery: why it is where it is, and its whole way from the commit until now.
import { html } from 'hono/html'
import { callerOf } from '../../access/caller.ts'
import { type ExplainedDelivery, explainDelivery } from '../../deliveries/explain.ts'
import { findDeliveryWithAttempts } from '../../deliveries/read.ts'
import type { DeliveryWithAttempts } from '../../deliveries/schema.ts'
import { withQuery } from '../filters.ts'
import { actionButton } from '../forms.ts'
import { render } from '../frame.ts'
import {
  copyableId,
  copyableTrace,
  deliveryState,
  explained as explainedText,
  foreign,
  icon,
  props,
  section,
  since,
} from '../parts.ts'
import { road } from '../road.ts'
import type { ConsoleContext, View } from '../view.ts'
import { shortId, shortUrl } from '../words.ts'
import { readOnlyNote, renderRefusal } from './refusal.ts'

/** `data`: the event's, for who asked to see it. */
export async function showDelivery(c: ConsoleContext, data: string | null = null): Promise<Response> {
  const { db, view } = c.var
  const caller = callerOf(c as never)
  const id = c.req.param('id')!
  const [delivery, explained] = await Promise.all([
    findDeliveryWithAttempts(db, caller, id),
    explainDelivery(db, caller, id),
  ])
  if (!delivery || !explained) return renderRefusal(c, 'unknown')
  return render(view, {
    title: `${explained.type} to ${shortUrl(explained.url)}`,
    place: 'deliveries',
    ...(data === null ? { live: 'page' } : {}),
    content: html`${header(view, delivery, explained)}
${readOnlyNote(c)}
<div class="split"><div>
${section({ title: 'From the commit until now' }, road(view, delivery, explained, data, c.var.settings.delivery.retrySchedule))}
</div><div>
${section({ title: 'This delivery' }, details(view, delivery, explained))}
${section({ title: 'Take it along' }, html`<div class="actions"><button class="btn" type="button" data-copy="">Copy the link</button></div><p class="dim">Each request above can be copied as curl.</p>`)}
</div></div>`,
  })
}

function header(view: View, delivery: DeliveryWithAttempts, explained: ExplainedDelivery) {
  const { earlier, later } = explained
  const neighbour = (id: string | null, name: 'prev' | 'next', key: string, words: string) =>
    id === null
      ? ''
      : html`<a class="icon" href="${view.base}/deliveries/${id}" rel="${name}" aria-label="${words}" aria-keyshortcuts="${key}">${icon(name)}</a>`
  const mayResend = delivery.state !== 'sending' && explained.state !== 'disabled'
  return html`<header class="page">
<p class="crumbs"><a href="${view.base}/deliveries">Deliveries</a>${copyableId(delivery.id, 'delivery')}</p>
<h1>${explained.reason === null ? plainReason(delivery) : explainedText(explained.reason, view)}</h1>
<p>${deliveryState(delivery)} <span class="dim">${howLong(view, delivery)}</span></p>
<div class="actions">${
    mayResend
      ? actionButton(
          view,
          `deliveries/${delivery.id}/redeliver`,
          delivery.state === 'pending' ? 'Send now' : 'Redeliver',
          {
            key: 'r',
            kind: delivery.state === 'delivered' ? '' : 'primary',
          },
        )
      : ''
  }${neighbour(earlier, 'prev', 'k', 'Previous delivery of this endpoint')}${neighbour(later, 'next', 'j', 'Next delivery of this endpoint')}</div>
</header>`
}

const attemptsOf = (n: number) => (n === 0 ? 'no attempt yet' : n === 1 ? '1 attempt' : `${n} attempts`)

function howLong(view: View, { state, created_at, attempt }: DeliveryWithAttempts): string {
  const isOver = state === 'delivered' || state === 'dead' || state === 'canceled'
  return isOver
    ? `after ${attemptsOf(attempt)}`
    : `for ${since(created_at, view.now)}, ${attemptsOf(attempt)}`
}

/** For keys with a tenant, which do not learn how the outbox works inside. */
function plainReason({ state, reason, attempt }: DeliveryWithAttempts): string {
  const failure = reason === null ? '' : ` Attempt ${attempt} failed: ${reason}.`
  switch (state) {
    case 'delivered':
      return `Delivered with attempt ${attempt}.`
    case 'dead':
      return `Dead: no more attempts are made.${failure}`
    case 'canceled':
      return 'Canceled: its endpoint was deleted.'
    case 'sending':
      return 'An attempt is under way.'
    case 'pending':
      return `Waits for its next attempt.${failure}`
  }
}

function details(view: View, delivery: DeliveryWithAttempts, explained: ExplainedDelivery) {
  const { type, key, tenant, actor, traceparent, url, ordering } = explained
  const trace = traceparent?.split('-')[1]
  return props([
    ['Event', html`<a href="${view.base}/events/${delivery.event_id}">${type}</a>`],
    ['Id', copyableId(delivery.event_id, 'event')],
    key === null
      ? null
      : ['Key', html`<a href="${withQuery(`${view.base}/events`, { key })}">${foreign(key)}</a>`],
    ['Endpoint', html`<a href="${view.base}/endpoints/${delivery.endpoint_id}">${shortUrl(url)}</a>`],
    tenant === null ? null : ['Tenant', foreign(tenant)],
    ['Order', ordering === 'key' ? 'One after the other for each key' : 'None'],
    ['Attempts', String(delivery.attempt)],
    actor ? ['By', html`<code>${foreign(actor)}</code>`] : null,
    trace ? ['Trace', copyableTrace(trace)] : null,
    [
      'Same endpoint',
      html`<a href="${withQuery(`${view.base}/deliveries`, { endpoint_id: delivery.endpoint_id })}">All deliveries to ${shortId(delivery.endpoint_id)}</a>`,
    ],
  ])
}
