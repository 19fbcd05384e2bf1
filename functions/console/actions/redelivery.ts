// Sending all deliveries again that match the filter of the page: choose, and see exactly which (functions/console/sheet.ts).
import { Hono } from 'hono'
import { html } from 'hono/html'
import { callerOf } from '../../access/caller.ts'
import { limitCost } from '../../access/rate-limit.ts'
import { inputErrors } from '../../http/problem.ts'
import { pinRedelivery } from '../../replays/pinned.ts'
import { NewRedelivery, replayCost } from '../../replays/schema.ts'
import { withCost } from '../cost.ts'
import { filterNames, filterWords, readFilter, toRedeliveryFilter } from '../delivery-filter.ts'
import { type Query, readQuery, withQuery } from '../filters.ts'
import { field, hidden } from '../forms.ts'
import { render } from '../frame.ts'
import { requireChange } from '../guard.ts'
import { note } from '../parts.ts'
import { previewSheet, steps, stepTitle } from '../sheet.ts'
import type { ConsoleApp, ConsoleContext } from '../view.ts'

export const redeliveryForms = new Hono<ConsoleApp>()

redeliveryForms.get('/console/deliveries/redeliver', requireChange, c =>
  renderChoice(c, c.req.query(), {}, whatIsWrong(readQuery(c.req.query(), filterNames), c)),
)

redeliveryForms.post(
  '/console/deliveries/redeliver',
  requireChange,
  withCost(limitCost(replayCost)),
  async c => {
    const { db, view } = c.var
    const given = Object.fromEntries(c.var.form) as Given
    const query = readQuery(given as Query, filterNames)
    const trouble = whatIsWrong(query, c)
    if (trouble) return renderChoice(c, query, given, trouble)
    const { filter } = readFilter(query, view)
    const rate = given.rate_per_second
    const parsed = NewRedelivery.safeParse({
      filter: toRedeliveryFilter(query, filter),
      include_delivered: given.only === 'all',
      rate_per_second: rate ? Number(rate) : null,
      dry_run: true,
    })
    if (!parsed.success) {
      const [error] = inputErrors(parsed.error)
      return renderChoice(c, query, given, `${error!.path.replaceAll('_', ' ')} ${error!.message}.`)
    }
    const { filter: asked, ...how } = parsed.data
    const pinned = await pinRedelivery(db, callerOf(c as never), { ...how, filter: asked! })
    return render(view, {
      title: 'Redeliver all that match',
      place: 'deliveries',
      content: previewSheet(view, {
        ...pinned,
        what: html`All ${filterWords(query, filter)}, ${how.include_delivered ? 'also what was delivered' : 'leaving out what was delivered'}.`,
        isAll: how.include_delivered,
        rate: rate
          ? `At most ${rate} per second to each endpoint; new events go first`
          : 'As much as each endpoint takes; new events go first',
        back: withQuery(`${view.base}/deliveries/redeliver`, query),
      }),
    })
  },
)

type Given = Readonly<Record<string, string | undefined>>

/** A filter that is only half understood must not send anything. */
function whatIsWrong(query: Query, { var: { view } }: ConsoleContext): string {
  const { wrong } = readFilter(query, view)
  if (wrong.length > 0)
    return `This could not be read: ${wrong.map(name => name.replaceAll('_', ' ')).join(', ')}.`
  return Object.keys(query).length === 0 ? 'A filter is needed: everything at once is sent by nobody.' : ''
}

function renderChoice(
  c: ConsoleContext,
  all: Readonly<Record<string, string>>,
  given: Given,
  trouble: string,
): Promise<Response> {
  const { view } = c.var
  const query = readQuery(all, filterNames)
  const isAll = given.only === 'all' || (given.only === undefined && query.state === 'delivered')
  const only = (value: string, checked: boolean, words: ReturnType<typeof html>) =>
    html`<label class="check"><input type="radio" name="only" value="${value}"${checked ? html` checked` : ''}> <span>${words}</span></label>`
  return render(view, {
    title: 'Redeliver all that match',
    place: 'deliveries',
    status: trouble ? 400 : 200,
    content: html`<section class="sheet">${steps('Choose')}
${stepTitle('Redeliver which deliveries?')}
${trouble ? note('bad', 'failed', html`<p><b>${trouble}</b> Nothing was sent.</p>`, { role: 'alert' }) : html`<p>The filter of the page: all ${filterWords(query, readFilter(query, view).filter)}.</p>`}
<form class="stack" method="post" action="${view.base}/deliveries/redeliver">${hidden(view, query)}
<fieldset><legend>Which of them</legend>
${only('undelivered', !isAll, html`What was not delivered: waiting, dead, canceled or never made`)}
${only('all', isAll, html`All of them. The receiver gets again what it has; it drops repeats by <code>webhook-id</code>.`)}
</fieldset>
${field({ name: 'rate_per_second', label: 'At most, per second and endpoint', value: given.rate_per_second ?? '', placeholder: 'As much as it takes' })}
<p class="dim">Nothing is sent yet: the next step shows what would be.</p>
<div class="end"><a class="btn" href="${withQuery(`${view.base}/deliveries`, query)}">Back</a><button class="btn primary" type="submit">Preview</button></div>
</form></section>`,
  })
}
