// Writing an event by hand: to try a receiver with what it will get, or to tell what no row tells.
import { Hono } from 'hono'
import { html } from 'hono/html'
import { readCatalogue } from '../../../drizzle/catalogue.ts'
import { callerOf } from '../../access/caller.ts'
import { emitEvent, maxBytes } from '../../events/operations.ts'
import { NewEvent } from '../../events/schema.ts'
import { parseJson } from '../../http/json.ts'
import { inputErrors } from '../../http/problem.ts'
import { area, field, hidden } from '../forms.ts'
import { render } from '../frame.ts'
import { requireChange } from '../guard.ts'
import type { ConsoleApp, ConsoleContext } from '../view.ts'

export const eventForms = new Hono<ConsoleApp>()

type Values = Readonly<Record<string, string | undefined>>

/** With the example of the catalogue where the type is known. */
eventForms.get('/console/events/new', requireChange, c => renderEvent(c, { type: c.req.query('type') ?? '' }))

eventForms.post('/console/events/new', requireChange, async c => {
  const { db, form, view } = c.var
  const given = Object.fromEntries(form) as Values
  const data = readData(given.data ?? '')
  if ('wrong' in data) return renderEvent(c, given, { data: data.wrong })
  const { type, key, tenant } = given
  const parsed = NewEvent.safeParse({ type, data: data.json, key: key || null, tenant: tenant || null })
  if (!parsed.success)
    return renderEvent(
      c,
      given,
      Object.fromEntries(
        inputErrors(parsed.error).map(({ path, message }) => [path.split('.')[0]!, message]),
      ),
    )
  const emitted = await emitEvent(db, callerOf(c as never), parsed.data)
  if (emitted === 'other tenant') return renderEvent(c, given, { tenant: 'is not yours' })
  if (emitted === 'too large')
    return renderEvent(c, given, { data: `may have at most ${maxBytes / 1024} KiB` })
  if ('wrongData' in emitted) return renderEvent(c, given, { data: emitted.wrongData })
  return c.redirect(`${view.base}/events/${emitted.id}`, 303)
})

function readData(text: string): { readonly json: unknown } | { readonly wrong: string } {
  try {
    return { json: parseJson(text) }
  } catch {
    return { wrong: 'is not JSON' }
  }
}

async function renderEvent(
  c: ConsoleContext,
  given: Values,
  errors: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const { db, view } = c.var
  const catalogue = await readCatalogue(db.run)
  const types = catalogue.filter(({ type }) => !type.startsWith('outbox.'))
  const example = types.find(({ type }) => type === given.type)?.example ?? {}
  const data = given.data ?? JSON.stringify(example, null, 2)
  return render(view, {
    title: 'Write an event',
    place: 'events',
    status: Object.keys(errors).length > 0 ? 400 : 200,
    content: html`<section class="sheet wide"><h1 class="big">Write an event</h1>
<p>Every endpoint that wants it gets it, as if a row had changed. For one endpoint alone there is the test event on its page.</p>
${types.length === 0 ? '' : html`<p class="dim">With the example of: ${types.map(({ type }, i) => html`${i > 0 ? ', ' : ''}<a href="${view.base}/events/new?type=${encodeURIComponent(type)}">${type}</a>`)}</p>`}
<form class="stack form" method="post" action="${view.base}/events/new">${hidden(view)}
${field({ name: 'type', label: 'Type', value: given.type ?? '', placeholder: 'order.shipped', required: true, error: errors.type })}
<div class="pair">${field({ name: 'key', label: 'Key', value: given.key ?? '', placeholder: 'orders/7', error: errors.key })}${view.isOperator ? field({ name: 'tenant', label: 'Tenant', value: given.tenant ?? '', placeholder: 'None', error: errors.tenant }) : ''}</div>
${area({ name: 'data', label: 'Data, as JSON', value: data, required: true, error: errors.data })}
<div class="end"><a class="btn" href="${view.base}/events">Back</a><button class="btn primary" type="submit">Write the event</button></div>
</form></section>`,
  })
}
