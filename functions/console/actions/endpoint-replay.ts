// A replay of an endpoint's past events: choose, and see exactly which (functions/console/sheet.ts). A range that holds more
// than a preview counts is sent as a range.
import { Hono } from 'hono'
import { html } from 'hono/html'
import { callerOf } from '../../access/caller.ts'
import { limitCost } from '../../access/rate-limit.ts'
import { findEndpoint } from '../../endpoints/read.ts'
import type { Endpoint } from '../../endpoints/schema.ts'
import { inputErrors } from '../../http/problem.ts'
import { previewReplay, startReplay } from '../../replays/operations.ts'
import { NewReplay, replayCost } from '../../replays/schema.ts'
import { withCost } from '../cost.ts'
import { readTime } from '../filters.ts'
import { choice, field, hidden } from '../forms.ts'
import { render } from '../frame.ts'
import { requireChange } from '../guard.ts'
import { renderRefusal } from '../pages/refusal.ts'
import { note, props } from '../parts.ts'
import { previewSheet, steps, stepTitle } from '../sheet.ts'
import type { ConsoleApp, ConsoleContext, View } from '../view.ts'
import { count, duration, exactly, shortUrl } from '../words.ts'

export const endpointReplayForms = new Hono<ConsoleApp>()

const path = '/console/endpoints/:id/replay'

endpointReplayForms.get(path, requireChange, async c => {
  const endpoint = await findEndpoint(c.var.db, c.req.param('id'), callerOf(c as never))
  if (!endpoint) return renderRefusal(c, 'unknown')
  const since = c.req.query('since')
  return renderChoice(c, endpoint, {
    since: since && !Number.isNaN(Date.parse(since)) ? inForm(new Date(since)) : '',
  })
})

endpointReplayForms.post(path, requireChange, withCost(limitCost(replayCost)), async c => {
  const { db, form, view } = c.var
  const caller = callerOf(c as never)
  const id = c.req.param('id')
  const endpoint = await findEndpoint(db, id, caller)
  if (!endpoint) return renderRefusal(c, 'unknown')
  const given = Object.fromEntries(form) as Given
  const read = readReplay(given, view.now, endpoint)
  if ('trouble' in read) return renderChoice(c, endpoint, given, read.trouble)
  const isBegun = given.step === 'begin'
  const found = await (isBegun ? startReplay : previewReplay)(db, caller, id, {
    ...read.replay,
    dry_run: !isBegun,
  })
  if (found === 'unknown endpoint') return renderRefusal(c, 'unknown')
  if (typeof found === 'string') return renderChoice(c, endpoint, given, troubles[found])
  if ('wrongInput' in found)
    return renderChoice(c, endpoint, given, `${found.wrongInput.path} ${found.wrongInput.message}.`)
  if ('started' in found) return c.redirect(`${view.base}/replays/${found.started.id}`, 303)
  if (!found.pinned) return renderChoice(c, endpoint, given, troubles['endpoint disabled'])
  const { counted, pinned } = found
  return render(view, {
    title: `Replay to ${shortUrl(endpoint.url)}`,
    place: 'endpoints',
    content: counted.count_is_estimate
      ? rangeSheet(view, endpoint, read.replay, counted.count)
      : previewSheet(view, {
          pinned,
          what: html`To <b>${shortUrl(endpoint.url)}</b>, of events from <b>${exactly(read.replay.since)}</b> to <b>${exactly(read.replay.until ?? view.now)}</b>.`,
          isAll: read.replay.only === 'all',
          rate: rateWords(read.replay),
          hasMore: false,
          endpointId: id,
          back: backTo(view, endpoint, read.replay),
        }),
  })
})

const troubles = {
  'endpoint disabled': 'The endpoint is disabled: resume it first.',
  'already running': 'A replay for this endpoint is running: wait for it, or cancel it.',
}

type Given = Readonly<Record<string, string | undefined>>

const inForm = (time: Date) => time.toISOString().slice(0, 19).replace('T', ' ')

/** Not by the token of a preview. */
type Chosen = NewReplay & { readonly since: Date }

type Read = { readonly replay: Chosen } | { readonly trouble: string }

/** The end is pinned in the preview, so that what begins is what was counted, and nothing that has come since. */
function readReplay(
  { since = '', until = '', only, rate_per_second: rate }: Given,
  now: Date,
  endpoint: Endpoint,
): Read {
  const begin = readTime(since, now)
  const end = until === '' ? now : readTime(until, now)
  if (!begin) return { trouble: 'Since must be a time such as 02:31 or 2026-11-24 02:31, in UTC.' }
  if (!end) return { trouble: 'Until must be a time such as 02:31 or 2026-11-24 02:31, in UTC.' }
  const parsed = NewReplay.safeParse({
    since: begin.toISOString(),
    until: end.toISOString(),
    only,
    rate_per_second: rate ? Number(rate) : (endpoint.rate_per_second ?? 100),
  })
  const [error] = parsed.success ? [] : inputErrors(parsed.error)
  return parsed.success
    ? { replay: { ...parsed.data, since: begin } }
    : { trouble: `${error?.path} ${error?.message}.` }
}

function renderChoice(
  c: ConsoleContext,
  { id, url }: Endpoint,
  given: Given,
  trouble = '',
): Promise<Response> {
  const { view } = c.var
  return render(view, {
    title: `Replay to ${shortUrl(url)}`,
    place: 'endpoints',
    status: trouble ? 400 : 200,
    content: html`<section class="sheet">${steps('Choose')}
${stepTitle(`Send ${shortUrl(url)} its past events again`)}
${trouble ? note('bad', 'failed', html`<p><b>${trouble}</b> Nothing was sent.</p>`, { role: 'alert' }) : ''}
<form class="stack" method="post" action="${view.base}/endpoints/${id}/replay">${hidden(view, { step: 'preview' })}
<div class="pair">${field({ name: 'since', label: 'Since (UTC)', value: given.since ?? '', placeholder: '02:31', required: true })}${field({ name: 'until', label: 'Until (UTC)', value: given.until ?? '', placeholder: 'Now' })}</div>
<div class="pair">${choice('only', 'What', given.only ?? 'undelivered', [
      ['undelivered', 'What was not delivered'],
      ['dead', 'Only what is dead'],
      ['all', 'Everything, also what was delivered'],
    ])}${field({ name: 'rate_per_second', label: 'At most, per second', value: given.rate_per_second ?? '', placeholder: '100' })}</div>
<p class="dim">Nothing is sent yet: the next step shows what would be.</p>
<div class="end"><a class="btn" href="${view.base}/endpoints/${id}">Back</a><button class="btn primary" type="submit">Preview</button></div>
</form></section>`,
  })
}

const rateWords = ({ rate_per_second }: Chosen) =>
  `At most ${rate_per_second} per second; new events go first`

const backTo = (view: View, { id }: Endpoint, { since }: Chosen) =>
  `${view.base}/endpoints/${id}/replay?since=${encodeURIComponent(since.toISOString())}`

function rangeSheet(view: View, endpoint: Endpoint, replay: Chosen, counted: number) {
  const { id, url } = endpoint
  const until = replay.until ?? view.now
  const pinned = {
    step: 'begin',
    since: replay.since.toISOString(),
    until: until.toISOString(),
    only: replay.only,
    rate_per_second: String(replay.rate_per_second),
  }
  return html`<section class="sheet">${steps('Preview')}
${stepTitle(`At least ${count(counted)} deliveries will be sent again`)}
<p>To <b>${shortUrl(url)}</b>, of events from <b>${exactly(replay.since)}</b> to <b>${exactly(until)}</b>. The range holds more events than a preview counts; all of them are gone through.</p>
${props([
  [
    'Left out',
    replay.only === 'all' ? 'Nothing: also what was delivered is sent again' : 'What was delivered',
  ],
  ['Rate', rateWords(replay)],
  ['It takes', `${duration(Math.max(1, counted / replay.rate_per_second))} or more`],
])}
<p class="dim">Events that come after this preview are not part of it.</p>
<form class="stack" method="post" action="${view.base}/endpoints/${id}/replay">${hidden(view, pinned)}
<div class="end"><a class="btn" href="${backTo(view, endpoint, replay)}" data-sheet>Back</a><button class="btn primary" type="submit">Send at least ${count(counted)} again</button></div>
</form></section>`
}
