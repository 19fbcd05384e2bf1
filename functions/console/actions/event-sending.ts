// Sending one event again to one endpoint: choose it, and see what would be sent (functions/console/sheet.ts). Also one that it
// did not get, because the endpoint was made later or has wanted it only since.
import { Hono } from 'hono'
import { html } from 'hono/html'
import { parseId } from '../../../delivery/ids.ts'
import { callerOf } from '../../access/caller.ts'
import { limitCost } from '../../access/rate-limit.ts'
import { pinEvent } from '../../replays/pinned.ts'
import { replayCost } from '../../replays/schema.ts'
import { withCost } from '../cost.ts'
import { type Explained, type Getting, readEvent } from '../event-reading.ts'
import { hidden } from '../forms.ts'
import { render } from '../frame.ts'
import { requireChange } from '../guard.ts'
import { renderRefusal } from '../pages/refusal.ts'
import { deliveryState, foreign, note } from '../parts.ts'
import { previewSheet, steps, stepTitle } from '../sheet.ts'
import type { ConsoleApp, ConsoleContext } from '../view.ts'
import { count, shortUrl } from '../words.ts'

export const eventSendingForms = new Hono<ConsoleApp>()

const path = '/console/events/:id/send'

eventSendingForms.get(path, requireChange, async c => {
  const id = c.req.param('id')
  const found = await readEvent(c, id)
  return found ? renderChoice(c, id, found.event.type, placesFor(found)) : renderRefusal(c, 'unknown')
})

eventSendingForms.post(path, requireChange, withCost(limitCost(replayCost)), async c => {
  const { db, form, view } = c.var
  const id = c.req.param('id')
  const found = await readEvent(c, id)
  if (!found) return renderRefusal(c, 'unknown')
  const places = placesFor(found)
  const place = places.find(({ endpointId }) => endpointId === form.get('endpoint_id'))
  const [event, endpoint] = [parseId('evt', id), parseId('ep', place?.endpointId ?? '')]
  if (!place || !event || !endpoint) return renderChoice(c, id, found.event.type, places, true)
  const pinned = await pinEvent(db, callerOf(c as never), event, endpoint)
  return render(view, {
    title: 'Send again',
    place: 'events',
    content: previewSheet(view, {
      pinned,
      what: html`<b>${foreign(found.event.type)}</b> to <b>${place.name}</b>, also if it has it: it drops repeats by <code>webhook-id</code>.`,
      isAll: true,
      rate: 'As much as the endpoint takes; new events go first',
      hasMore: false,
      back: `${view.base}/events/${id}/send`,
    }),
  })
})

interface Place {
  readonly endpointId: string
  readonly name: string
  /** null: it did not get it. */
  readonly state: Getting['state'] | null
}

/** Why an endpoint that would want it now did not get it. */
const wantsItNow = new Set(['created_later', 'changed_since'])

export function placesFor(found: {
  readonly getting: readonly Getting[]
  readonly others: readonly Explained[]
}): Place[] {
  const missed = found.others.filter(({ verdict }) => wantsItNow.has(verdict))
  return [
    ...found.getting,
    ...missed.map(({ endpoint_id, url }) => ({ endpointId: endpoint_id, name: shortUrl(url), state: null })),
  ]
}

/** More than a person chooses from. */
const maxListed = 50

function renderChoice(
  c: ConsoleContext,
  id: string,
  type: string,
  places: readonly Place[],
  isWrong = false,
): Promise<Response> {
  const { view } = c.var
  const more = places.length - maxListed
  return render(view, {
    title: `Send ${type} again`,
    place: 'events',
    status: isWrong ? 400 : 200,
    content: html`<section class="sheet">${steps('Choose')}
${stepTitle('Send it again to which endpoint?')}
${isWrong ? note('bad', 'failed', html`<p><b>Choose one of these.</b> Nothing was sent.</p>`, { role: 'alert' }) : ''}
${places.length === 0 ? html`<p>No endpoint wants <b>${foreign(type)}</b>. One that should get it must have the type among those that it wants.</p>` : ''}
<form class="stack" method="post" action="${view.base}/events/${id}/send">${hidden(view)}
<fieldset><legend>Endpoints that want it</legend>${places
      .slice(0, maxListed)
      .map(
        ({ endpointId, name, state }, i) =>
          html`<label class="check"><input type="radio" name="endpoint_id" value="${endpointId}" required${i === 0 && places.length === 1 ? html` checked` : ''}> <span>${name} ${state === null ? html`<span class="dim">did not get it</span>` : deliveryState({ state, attempt: 0 })}</span></label>`,
      )}</fieldset>
${more > 0 ? html`<p class="dim">${count(more)} more are not listed: replay it from the page of the endpoint.</p>` : ''}
<p class="dim">Nothing is sent yet: the next step shows what would be.</p>
<div class="end"><a class="btn" href="${view.base}/events/${id}">Back</a>${places.length === 0 ? '' : html`<button class="btn primary" type="submit">Preview</button>`}</div>
</form></section>`,
  })
}
