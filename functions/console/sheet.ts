// The steps of what sends many deliveries again. Each is a page that works by itself; with script it is a dialog over the page
// that led there. What goes from step to step stands in its form.
import { html } from 'hono/html'
import { formatDeliveryId } from '../../delivery/ids.ts'
import { withoutQuery } from '../endpoints/read.ts'
import type { Pinned } from '../replays/pinned.ts'
import { field, hidden } from './forms.ts'
import { exactTime, foreign, type Html, list, note, props } from './parts.ts'
import type { View } from './view.ts'
import { clock, count, counted, duration, exactly, shortUrl } from './words.ts'

const stepNames = ['Choose', 'Preview', 'Confirm', 'Progress'] as const

export const steps = (current: (typeof stepNames)[number]): Html =>
  html`<ol class="steps" aria-label="Steps">${stepNames.map(
    name => html`<li${name === current ? html` aria-current="step"` : ''}>${name}</li>`,
  )}</ol>`

/** The title of a step has the focus, so that Enter sends nothing. */
export const stepTitle = (text: string): Html => html`<h1 class="big" tabindex="-1" autofocus>${text}</h1>`

/** More than a person reads over. */
const maxUntyped = 100

/** To be typed before so many are sent: a number that is large, or any in production. null = a click will do. */
export function whyTyped({ environment }: Pick<View, 'environment'>, sent: number): string | null {
  if (sent > maxUntyped) return `because it is more than ${maxUntyped}`
  return environment === 'production' ? 'because this is production' : null
}

/** What goes from the preview to the start. */
export interface Confirmed {
  readonly token: string
  readonly count: string
  /** Of the endpoint whose replay it is; empty = found by a filter. */
  readonly endpoint_id: string
  readonly endpoints: string
}

interface Shown {
  readonly pinned: Pinned
  /** The filter as a sentence. */
  readonly what: Html
  /** Also what was delivered. */
  readonly isAll: boolean
  readonly rate: string
  readonly hasMore: boolean
  readonly endpointId?: string
  readonly back: string
}

export function previewSheet(
  view: View,
  { pinned, what, isAll, rate, hasMore, endpointId = '', back }: Shown,
): Html {
  const { count: sent, token, endpoints, seconds, expiresAt } = pinned
  const form: Confirmed = {
    token,
    count: String(sent),
    endpoint_id: endpointId,
    endpoints: String(endpoints.length),
  }
  const isTyped = whyTyped(view, sent) !== null
  return html`<section class="sheet">${steps('Preview')}
${stepTitle(sent === 0 ? 'There is nothing to send' : `${counted(sent, 'delivery', 'deliveries')} will be sent again`)}
<p>${what}</p>
${props([
  pinned.oldest === null || pinned.newest === null
    ? null
    : ['Committed', `${exactly(new Date(pinned.oldest))} to ${exactly(new Date(pinned.newest))}`],
  ['Left out', leftOut(pinned, isAll)],
  ['Rate', rate],
  ['It takes', `About ${duration(Math.max(1, seconds))}, if they answer`],
])}
${sent === 0 ? '' : whatIsSent(view, pinned)}
${hasMore ? note('wait', 'pending', html`<p>More match than one preview holds: older ones. Make another when these are sent.</p>`) : ''}
<p class="dim">Pinned until ${clock(new Date(expiresAt))} UTC: what you confirm is exactly these. What comes meanwhile is not part of it.</p>
<form method="post" action="${view.base}/replays${isTyped ? '/confirm' : ''}">${hidden(view, { ...form })}
<div class="end"><a class="btn" href="${back}" data-sheet>Back</a>${sent === 0 ? '' : html`<button class="btn primary" type="submit">${isTyped ? 'Continue' : `Send ${count(sent)} again`}</button>`}</div>
</form></section>`
}

function leftOut({ alreadyDelivered, onTheirWay, notAccepted }: Pinned, isAll: boolean): string {
  const parts = [
    alreadyDelivered > 0 && !isAll ? `${count(alreadyDelivered)} already delivered` : '',
    onTheirWay > 0 ? `${count(onTheirWay)} on their way` : '',
    notAccepted > 0 ? `${count(notAccepted)} whose endpoint takes nothing` : '',
  ].filter(Boolean)
  return parts.length === 0 ? 'Nothing' : parts.join(', ')
}

const maxListed = 10

function whatIsSent(view: View, { endpoints, types, samples }: Pinned): Html {
  const others = endpoints.slice(maxListed)
  return html`${list(
    'By endpoint',
    [
      { title: 'Endpoint', kind: 'main', cell: row => shortUrl(withoutQuery(row.url)) },
      { title: 'Sent again', kind: 'num', label: 'Sent again', cell: row => count(row.count) },
    ],
    endpoints.slice(0, maxListed),
  )}${others.length === 0 ? '' : html`<p class="dim">${counted(others.length, 'other endpoint')} with ${count(others.reduce((n, row) => n + row.count, 0))}.</p>`}
${list(
  'By type',
  [
    { title: 'Event type', kind: 'main', cell: row => row.type },
    { title: 'Sent again', kind: 'num', label: 'Sent again', cell: row => count(row.count) },
  ],
  types.slice(0, maxListed),
)}
${list(
  'Samples: the oldest, the newest and one between them',
  [
    {
      title: 'Sample',
      kind: 'main',
      cell: row =>
        html`<a href="${view.base}/deliveries/${formatDeliveryId(row.eventId, row.endpointId)}">${row.type}</a>`,
    },
    { title: 'Key', cell: ({ key }) => (key === null ? '' : foreign(key)) },
    {
      title: 'Committed',
      kind: 'num',
      cell: row => exactTime(new Date(row.occurredAt), exactly(new Date(row.occurredAt))),
    },
  ],
  samples,
)}`
}

export function confirmSheet(view: View, form: Confirmed, why: string, trouble = ''): Html {
  const { count: sent, endpoints } = form
  const text = count(Number(sent))
  return html`<section class="sheet">${steps('Confirm')}
${stepTitle(`Send ${counted(Number(sent), 'delivery', 'deliveries')} again?`)}
<p>To <b>${counted(Number(endpoints), 'endpoint')}</b>${view.environment === null ? '' : html`, in <b>${view.environment}</b>`}. They get ${counted(Number(sent), 'request')}, with the <code>webhook-id</code> that they had.</p>
<form class="stack" method="post" action="${view.base}/replays">${hidden(view, { ...form })}
${field({ name: 'typed', label: `Type ${sent} to confirm, ${why}`, required: true, error: trouble || undefined })}
<p class="dim">It stands in the audit as <code>replay.started</code>, by ${view.key.name}. It can be canceled while it runs.</p>
<div class="end"><a class="btn" href="${view.base}/deliveries">Do not send</a><button class="btn primary" type="submit">Send ${text} again</button></div>
</form></section>`
}
