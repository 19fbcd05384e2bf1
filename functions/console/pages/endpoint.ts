// One endpoint: its state and since when, what it answers, what to do when it is mended, its latest deliveries and settings.
import { html } from 'hono/html'
import { type FailureKind, failures } from '../../../delivery/failures.ts'
import { parseId } from '../../../delivery/ids.ts'
import { callerOf } from '../../access/caller.ts'
import { walkDeliveries } from '../../deliveries/list.ts'
import { findEndpoint } from '../../endpoints/read.ts'
import type { Endpoint } from '../../endpoints/schema.ts'
import { type EndpointStatus, maxCounted, readEndpointStatus } from '../../endpoints/status.ts'
import { withQuery } from '../filters.ts'
import { actionButton, actionLink } from '../forms.ts'
import { render } from '../frame.ts'
import {
  ago,
  at,
  type Child,
  copyableId,
  copyButton,
  endpointState,
  facts,
  foreign,
  list,
  note,
  number,
  props,
  section,
  since,
} from '../parts.ts'
import type { ConsoleContext, View } from '../view.ts'
import { count, counted, duration, shortUrl, visible } from '../words.ts'
import { chartsPlace } from './charts.ts'
import { deliveryColumns, idOf } from './deliveries.ts'
import { empty, readOnlyNote, renderRefusal } from './refusal.ts'

const shownDeliveries = 20

export async function showEndpoint(
  c: ConsoleContext,
  said: Child = '',
  id = c.req.param('id')!,
): Promise<Response> {
  const { db, view } = c.var
  const caller = callerOf(c as never)
  const key = parseId('ep', id)
  if (!key) return renderRefusal(c, 'unknown')
  const [endpoint, status, { rows: deliveries }] = await Promise.all([
    findEndpoint(db, id, caller),
    readEndpointStatus(db, caller, id),
    walkDeliveries(db, caller.tenant, { endpoint: key }, { after: null, limit: shownDeliveries }),
  ])
  if (!endpoint || !status) return renderRefusal(c, 'unknown')
  const path = withQuery(`${view.base}/deliveries`, { endpoint_id: id })
  return render(view, {
    title: shortUrl(endpoint.url),
    place: 'endpoints',
    hasCharts: true,
    ...(said ? {} : { live: 'page' }),
    content: html`${header(view, endpoint, status)}
${said || done(c, endpoint)}
${readOnlyNote(c)}
${trouble(view, endpoint, status, c.var.settings.delivery.disableAfterSeconds)}
${numbers(endpoint, status, path)}
<div class="split"><div>
${chartsPlace(`${view.base}/charts`, { endpoint_id: id })}
${section(
  { title: 'Latest deliveries' },
  deliveries.length === 0
    ? empty(
        html`<b>None yet.</b> It gets events that are committed from now on. <b>Send a test event</b> shows whether it answers.`,
      )
    : html`${list('Latest deliveries to this endpoint', deliveryColumns(view, true), deliveries, idOf)}<p class="more"><a href="${path}">All deliveries to this endpoint</a></p>`,
)}
</div><div>
${section({ title: 'Settings' }, settings(endpoint))}
${section({ title: 'Signing' }, signing(view, endpoint))}
${view.mayChange ? html`<div class="actions">${endpoint.state === 'disabled' ? '' : actionButton(view, `endpoints/${id}/disable`, 'Disable')}${actionLink(view, `endpoints/${id}/delete`, 'Delete…', { kind: 'danger', opensSheet: true })}</div>` : ''}
${view.isOperator && view.mayChange ? html`<p><a href="${withQuery(`${view.base}/audit`, { endpoint_id: id })}">What was done here</a></p>` : ''}
</div></div>`,
  })
}

function header(view: View, endpoint: Endpoint, status: EndpointStatus) {
  const { id, tenant, state } = endpoint
  const isOpen = status.probeAt !== null
  const button = (action: string, words: string, key = '') =>
    actionButton(view, `endpoints/${id}/${action}`, words, { key })
  return html`<header class="page">
<p class="crumbs"><a href="${view.base}/endpoints">Endpoints</a>${tenant === null ? '' : html`<span>tenant <a href="${withQuery(`${view.base}/deliveries`, { tenant })}">${foreign(tenant)}</a></span>`}${copyableId(id, 'endpoint')}</p>
<h1>${shortUrl(endpoint.url)}</h1>
<p>${endpointState({ ...endpoint, isOpen })}<span class="dim">${[status.failingSince !== null && state === 'active' ? `it fails for ${since(status.failingSince, view.now)}` : null, endpoint.description ? foreign(endpoint.description) : null].filter(part => part !== null).map(part => html` · ${part}`)}</span></p>
<div class="actions">${state === 'active' ? button('pause', 'Pause', 'p') : button('resume', 'Resume', 'p')}${state === 'disabled' ? '' : button('test', 'Send a test event')}${state === 'disabled' ? '' : actionLink(view, replayPath(endpoint, status), 'Replay…', { key: 'r', opensSheet: true })}${actionLink(view, `endpoints/${id}/rotate`, 'Rotate the secret…', { opensSheet: true })}${actionLink(view, `endpoints/${id}/edit`, 'Edit')}</div>
</header>`
}

/** Since it fails, where it does. */
const replayPath = ({ id }: Endpoint, { failingSince }: EndpointStatus) =>
  withQuery(`endpoints/${id}/replay`, failingSince === null ? {} : { since: failingSince })

/** What an action has just done, and how to take it back. */
function done(c: ConsoleContext, { id, url }: Endpoint): Child {
  const { view } = c.var
  const name = shortUrl(url)
  const button = (action: string, words: string) =>
    html`<div class="actions">${actionButton(view, `endpoints/${id}/${action}`, words)}</div>`
  switch (c.req.query('done')) {
    case 'pause':
      return note(
        'accent',
        'paused',
        html`<p><b>${name} is paused.</b> Its deliveries pile up and leave when it is resumed.</p>${button('resume', 'Resume')}`,
        { role: 'status' },
      )
    case 'resume':
      return note(
        'accent',
        'active',
        html`<p><b>${name} is active.</b> What waits leaves now.</p>${button('pause', 'Pause')}`,
        { role: 'status' },
      )
    case 'disable':
      return note(
        'accent',
        'disabled',
        html`<p><b>${name} is disabled.</b> No deliveries are made for it. A replay brings back what it misses.</p>${button('resume', 'Resume')}`,
        { role: 'status' },
      )
    case 'edit':
      return note('accent', 'tick', html`<p>The settings are saved. They hold for the next attempt.</p>`, {
        role: 'status',
      })
    default:
      return ''
  }
}

/** The page of the delivery has all of it. */
const maxQuoted = 600

function trouble(view: View, endpoint: Endpoint, status: EndpointStatus, disableAfterSeconds: number): Child {
  const {
    failures: failed,
    failingSince,
    error,
    responseStatus,
    responseBody,
    probeAt,
    notBefore,
    pending,
  } = status
  if (endpoint.state !== 'active' || failed === 0) return ''
  const with_ = responseStatus === null ? (error ?? 'an unknown error') : `status ${responseStatus}`
  const known = failures[error as FailureKind]
  const paused =
    notBefore !== null && new Date(notBefore) > view.now
      ? html` The receiver asked for a pause: nothing goes to it before ${at(notBefore, view)}.`
      : ''
  const probe =
    probeAt === null
      ? ''
      : html` ${new Date(probeAt) > view.now ? html`One probe goes out ${ago(probeAt, view)}` : 'A probe is due'}; ${counted(pending, 'delivery waits', 'deliveries wait')} for its success and ${pending === 1 ? 'spends' : 'spend'} no attempts.`
  const replay = replayPath(endpoint, status)
  const ends = failingSince && new Date(Date.parse(failingSince) + disableAfterSeconds * 1000)
  const button = (action: string, words: string) =>
    actionButton(view, `endpoints/${endpoint.id}/${action}`, words, { kind: 'link' })
  const first =
    probe || paused
      ? html`${button('resume', 'Go on now')}: what is due leaves at once.`
      : html`${button('test', 'Send a test event')} to see that it answers.`
  const mended = html`<h2>When it is mended</h2><ol>
<li>1. ${first}</li>
<li>2. <a href="${view.base}/${replay}" data-sheet>Replay since ${failingSince === null ? 'then' : at(failingSince, view)}</a> if something died.</li>
</ol>${ends ? html`<p class="dim">If nothing but failures comes until ${at(ends, view)}, it is disabled.</p>` : ''}`
  return note(
    'bad',
    probeAt === null ? 'failed' : 'breaker',
    html`<p><b>${counted(failed, 'attempt')} in a row failed${failingSince === null ? '' : html` since ${at(failingSince, view)}`}, the last with ${with_}.</b>${probe}${paused}</p>
${responseBody ? html`<p>It answers:</p><p class="quote">${foreign(responseBody.slice(0, maxQuoted))}${responseBody.length > maxQuoted ? ' …' : ''}</p>` : known ? html`<p>${known.meaning}</p>` : ''}`,
    { beside: view.mayChange ? mended : null },
  )
}

function numbers({ state }: Endpoint, status: EndpointStatus, path: string) {
  const { pending, sending, dead, oldestPendingSeconds: oldest, failures: failed } = status
  const isBad = state === 'active' && failed > 0 && pending > 0
  const capped = (n: number) => count(n) + (n === maxCounted ? '+' : '')
  const linked = (n: number, of: string) =>
    n === 0 ? number(0, '') : html`<a href="${path}&amp;state=${of}">${capped(n)}</a>`
  return facts([
    ['Waiting', linked(pending, 'pending'), isBad],
    [
      'Oldest wait',
      oldest === null ? html`<span class="dim">none</span>` : number(oldest, duration(oldest)),
      isBad,
    ],
    ['On their way', number(sending, capped(sending))],
    ['Dead', linked(dead, 'dead')],
    ['Failed in a row', number(failed, count(failed))],
  ])
}

const seconds = (all: readonly number[]) =>
  all.length === 0 ? 'None' : `${counted(all.length, 'wait')}: ${all.map(duration).join(', ')}`

const settings = (endpoint: Endpoint) =>
  props([
    [
      'URL',
      html`<span class="copyable"><code>${visible(endpoint.url)}</code>${copyButton(endpoint.url, 'Copy URL')}</span>`,
    ],
    [
      'Event types',
      endpoint.event_types === null
        ? 'All'
        : html`${endpoint.event_types.map((type, i) => html`${i > 0 ? ', ' : ''}<code>${type}</code>`)}`,
    ],
    ['Tenant', endpoint.tenant === null ? 'Any' : foreign(endpoint.tenant)],
    ['Order', endpoint.ordering === 'key' ? 'By key' : 'None'],
    ['Rate', endpoint.rate_per_second === null ? 'No limit' : `${endpoint.rate_per_second} per second`],
    ['In flight', `${endpoint.max_in_flight} at most`],
    ['Time limit', endpoint.timeout_seconds === null ? 'As set for all' : duration(endpoint.timeout_seconds)],
    ['Retries', endpoint.retry_schedule === null ? 'As set for all' : seconds(endpoint.retry_schedule)],
  ])

function signing(view: View, { signing: algorithm, keys }: Endpoint) {
  const [newest, ...older] = keys
  return props([
    ['Algorithm', html`<code>${algorithm}</code>`],
    newest ? ['Secret', html`Made ${ago(newest.created_at, view)}`] : null,
    newest?.public_key
      ? [
          'Public key',
          html`<span class="copyable"><code>${newest.public_key}</code>${copyButton(newest.public_key, 'Copy public key')}</span>`,
        ]
      : null,
    older.length === 0
      ? null
      : [
          'Overlap',
          html`${older.map(key => html`<span>The old one signs along, until ${key.expires_at === null ? 'it is rotated' : at(key.expires_at, view)}. </span>`)}`,
        ],
  ])
}
