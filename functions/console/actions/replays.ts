// A replay in steps: choose, see how many that would be, begin. And canceling one.
import { Hono } from 'hono'
import { html } from 'hono/html'
import { callerOf } from '../../access/caller.ts'
import { limitCost } from '../../access/rate-limit.ts'
import { findEndpoint } from '../../endpoints/read.ts'
import type { Endpoint } from '../../endpoints/schema.ts'
import { inputErrors } from '../../http/problem.ts'
import { cancelReplay, startReplay } from '../../replays/operations.ts'
import { findReplay } from '../../replays/read.ts'
import { NewReplay, replayCost } from '../../replays/schema.ts'
import { withCost } from '../cost.ts'
import { readTime } from '../filters.ts'
import { choice, field, hidden } from '../forms.ts'
import { render } from '../frame.ts'
import { requireChange } from '../guard.ts'
import { renderRefusal } from '../pages/refusal.ts'
import { type Child, note, props } from '../parts.ts'
import type { ConsoleApp, ConsoleContext } from '../view.ts'
import { count, duration, exactly, shortUrl, visible } from '../words.ts'

export const replayForms = new Hono<ConsoleApp>()

replayForms.post('/console/replays/:id/cancel', requireChange, async c => {
  const { db } = c.var
  const caller = callerOf(c as never)
  const id = c.req.param('id')
  if (!(await findReplay(db, caller, id))) return renderRefusal(c, 'unknown')
  await cancelReplay(db, caller, id)
  return c.redirect(`${c.var.view.base}/replays`, 303)
})

replayForms.get('/console/endpoints/:id/replay', requireChange, async c => {
  const endpoint = await findEndpoint(c.var.db, c.req.param('id'), callerOf(c as never))
  if (!endpoint) return renderRefusal(c, 'unknown')
  const since = c.req.query('since')
  return renderChoice(c, endpoint, {
    since: since && !Number.isNaN(Date.parse(since)) ? inForm(new Date(since)) : '',
  })
})

replayForms.post('/console/endpoints/:id/replay', requireChange, withCost(limitCost(replayCost)), async c => {
  const { db, form, view } = c.var
  const caller = callerOf(c as never)
  const id = c.req.param('id')
  const endpoint = await findEndpoint(db, id, caller)
  if (!endpoint) return renderRefusal(c, 'unknown')
  const given = Object.fromEntries(form) as Given
  const read = readReplay(given, view.now, endpoint)
  if ('trouble' in read) return renderChoice(c, endpoint, given, read.trouble)
  const started = await startReplay(db, caller, id, { ...read.replay, dry_run: given.step !== 'begin' })
  if (started === 'unknown endpoint') return renderRefusal(c, 'unknown')
  if (started === 'endpoint disabled')
    return renderChoice(c, endpoint, given, 'The endpoint is disabled: resume it first.')
  if (started === 'already running')
    return renderChoice(
      c,
      endpoint,
      given,
      'A replay for this endpoint is running: wait for it, or cancel it.',
    )
  if ('wrongInput' in started)
    return renderChoice(c, endpoint, given, `${started.wrongInput.path} ${started.wrongInput.message}.`)
  if ('started' in started) return c.redirect(`${view.base}/endpoints/${id}?done=replay`, 303)
  return renderPreview(c, endpoint, read.replay, started.counted)
})

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

const steps = (current: 'Choose' | 'Preview'): Child =>
  html`<ol class="steps" aria-label="Steps">${['Choose', 'Preview', 'Progress'].map(
    step => html`<li${step === current ? html` aria-current="step"` : ''}>${step}</li>`,
  )}</ol>`

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
<h1 class="big">Send ${visible(shortUrl(url))} its past events again</h1>
${trouble ? note('bad', 'failed', html`<p><b>${trouble}</b> Nothing was sent.</p>`, { role: 'alert' }) : ''}
<form class="stack" method="post" action="${view.base}/endpoints/${id}/replay">${hidden(view, { step: 'preview' })}
<div class="pair">${field({ name: 'since', label: 'Since (UTC)', value: given.since ?? '', placeholder: '02:31', required: true })}${field({ name: 'until', label: 'Until (UTC)', value: given.until ?? '', placeholder: 'Now' })}</div>
<div class="pair">${choice('only', 'What', given.only ?? 'undelivered', [
      ['undelivered', 'What was not delivered'],
      ['dead', 'Only what is dead'],
      ['all', 'Everything, also what was delivered'],
    ])}${field({ name: 'rate_per_second', label: 'At most, per second', value: given.rate_per_second ?? '', placeholder: '100' })}</div>
<p class="dim">Nothing is sent yet: the next step counts.</p>
<div class="end"><a class="btn" href="${view.base}/endpoints/${id}">Back</a><button class="btn primary" type="submit">Preview</button></div>
</form></section>`,
  })
}

interface Counted {
  readonly count: number
  readonly count_is_estimate: boolean
}

function renderPreview(
  c: ConsoleContext,
  { id, url }: Endpoint,
  replay: Chosen,
  counted: Counted,
): Promise<Response> {
  const { view } = c.var
  const n = `${counted.count_is_estimate ? 'At least ' : ''}${count(counted.count)}`
  const until = replay.until ?? view.now
  const pinned = {
    step: 'begin',
    since: replay.since.toISOString(),
    until: until.toISOString(),
    only: replay.only,
    rate_per_second: String(replay.rate_per_second),
  }
  return render(view, {
    title: `Replay to ${shortUrl(url)}`,
    place: 'endpoints',
    content: html`<section class="sheet">${steps('Preview')}
<h1 class="big" tabindex="-1" autofocus>${counted.count === 0 ? 'There is nothing to send' : `${n} ${counted.count === 1 ? 'delivery' : 'deliveries'} will be sent again`}</h1>
<p>To <b>${visible(shortUrl(url))}</b>, of events from <b>${exactly(replay.since)}</b> to <b>${exactly(until)}</b>.</p>
${props([
  [
    'Left out',
    replay.only === 'all'
      ? 'Nothing: also what was delivered is sent again'
      : replay.only === 'dead'
        ? 'What was delivered, and what waits'
        : 'What was delivered',
  ],
  ['Rate', `At most ${replay.rate_per_second} per second; new events go first`],
  ['It takes', `About ${duration(Math.max(1, counted.count / replay.rate_per_second))} once it answers`],
])}
<p class="dim">Events that come after this preview are not part of it.</p>
<form method="post" action="${view.base}/endpoints/${id}/replay">${hidden(view, pinned)}
<div class="end"><a class="btn" href="${view.base}/endpoints/${id}/replay?since=${encodeURIComponent(replay.since.toISOString())}">Back</a>${counted.count === 0 ? '' : html`<button class="btn primary" type="submit">Send ${n.toLowerCase()} again</button>`}</div>
</form></section>`,
  })
}
