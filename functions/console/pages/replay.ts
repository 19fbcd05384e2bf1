// One replay: how far it is, and its end at any time.
import { html } from 'hono/html'
import { callerOf } from '../../access/caller.ts'
import { JsonText } from '../../http/json.ts'
import { findReplay } from '../../replays/read.ts'
import { withQuery } from '../filters.ts'
import { actionButton } from '../forms.ts'
import { render } from '../frame.ts'
import { ago, copyableId, foreign, type Html, props } from '../parts.ts'
import { steps } from '../sheet.ts'
import type { ConsoleContext, View } from '../view.ts'
import { count, counted, exactly, shortId } from '../words.ts'
import { readOnlyNote, renderRefusal } from './refusal.ts'

type Replay = NonNullable<Awaited<ReturnType<typeof findReplay>>>

export async function showReplay(c: ConsoleContext): Promise<Response> {
  const { db, view } = c.var
  const replay = await findReplay(db, callerOf(c as never), c.req.param('id')!)
  if (!replay) return renderRefusal(c, 'unknown')
  return render(view, {
    title: sentence(replay),
    place: 'system',
    live: 'page',
    content: html`<section class="sheet">${steps('Progress')}
<h1 class="big">${sentence(replay)}</h1>
${bar(replay)}
${readOnlyNote(c)}
${details(view, replay)}
<p class="dim">You may leave this page: it goes on, and <a href="${view.base}/replays">Replays</a> has it.${replay.endpoint_id === null ? '' : html` What becomes of each delivery is on the page of <a href="${view.base}/endpoints/${replay.endpoint_id}">its endpoint</a>.`}</p>
<div class="end"><a class="btn" href="${withQuery(`${view.base}/deliveries`, found(replay))}">Its deliveries</a>${replay.state === 'running' ? actionButton(view, `replays/${replay.id}/cancel`, 'Cancel the rest', { kind: 'danger' }) : ''}</div>
</section>`,
  })
}

function sentence({ state, replayed, count: all }: Replay): string {
  const done = all === undefined ? counted(Number(replayed), 'delivery', 'deliveries') : count(replayed)
  const of = all === undefined ? '' : ` of ${count(all)}`
  switch (state) {
    case 'running':
      return `${done}${of} made due so far`
    case 'canceled':
      return `Canceled after ${done}${of}`
    case 'done':
      return replayed === BigInt(all ?? -1)
        ? `All ${done} were sent again`
        : `Done: ${done}${of} were sent again`
  }
}

/** Without an end that is known there is nothing to measure against. */
const bar = ({ count: all, replayed, skipped = 0, state }: Replay): Html | '' =>
  all === undefined || state === 'canceled'
    ? ''
    : html`<progress max="${Math.max(1, all)}" value="${state === 'done' ? Math.max(1, all) : Number(replayed) + skipped}" aria-label="Looked at"></progress>`

function details(view: View, replay: Replay) {
  const { count: all, replayed, skipped = 0, state, rate_per_second: rate, finished_at: finished } = replay
  const left = all === undefined ? null : all - Number(replayed) - skipped
  return props([
    ['Made due', count(replayed)],
    skipped > 0 ? ['Not needed', `${count(skipped)}: delivered, on their way, due or gone by then`] : null,
    left === null || left <= 0 ? null : [state === 'canceled' ? 'Left out' : 'To come', count(left)],
    ['Rate', rate === null ? 'As much as each endpoint takes' : `At most ${rate} per second`],
    ['Events', `${exactly(new Date(replay.since))} to ${exactly(new Date(replay.until))}`],
    ...Object.entries(found(replay)).flatMap(([name, value]) =>
      words[name] === undefined ? [] : [[words[name], foreign(shortId(value))] as const],
    ),
    ['Begun', ago(replay.created_at, view)],
    finished === null ? null : [state === 'canceled' ? 'Canceled' : 'Done', ago(finished, view)],
    ['Id', copyableId(replay.id, 'replay')],
  ])
}

const words: Readonly<Record<string, string>> = {
  state: 'State',
  type: 'Event type',
  key: 'Key',
  endpoint_id: 'Endpoint',
  event_id: 'Event',
  tenant: 'Tenant',
  error: 'Error',
  status: 'Status',
}

/** What it was found by, as the page of deliveries takes it. */
function found({ filter, endpoint_id }: Replay): Record<string, string> {
  if (endpoint_id !== null) return { endpoint_id }
  const { response_status: status, ...given } = (
    filter instanceof JsonText ? JSON.parse(filter.text) : {}
  ) as Record<string, string>
  return { ...given, ...(status === undefined ? {} : { status }) }
}
