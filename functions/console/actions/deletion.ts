// Deleting an endpoint, which cannot be taken back: its name is typed first.
import { Hono } from 'hono'
import { html } from 'hono/html'
import { callerOf } from '../../access/caller.ts'
import { deleteEndpoint } from '../../endpoints/operations.ts'
import { findEndpoint } from '../../endpoints/read.ts'
import type { Endpoint } from '../../endpoints/schema.ts'
import { readEndpointStatus } from '../../endpoints/status.ts'
import { field, hidden } from '../forms.ts'
import { render } from '../frame.ts'
import { requireChange } from '../guard.ts'
import { renderRefusal } from '../pages/refusal.ts'
import { stepTitle } from '../sheet.ts'
import type { ConsoleApp, ConsoleContext } from '../view.ts'
import { counted, shortUrl } from '../words.ts'

export const deletionForms = new Hono<ConsoleApp>()

const path = '/console/endpoints/:id/delete'

deletionForms.get(path, requireChange, async c => {
  const endpoint = await findEndpoint(c.var.db, c.req.param('id'), callerOf(c as never))
  return endpoint ? renderDeletion(c, endpoint) : renderRefusal(c, 'unknown')
})

deletionForms.post(path, requireChange, async c => {
  const { db, form, view } = c.var
  const caller = callerOf(c as never)
  const endpoint = await findEndpoint(db, c.req.param('id'), caller)
  if (!endpoint) return renderRefusal(c, 'unknown')
  const name = typedName(endpoint)
  if (form.get('typed')?.trim() !== name)
    return renderDeletion(c, endpoint, `This is not ${name}: nothing was deleted.`)
  const deleted = await deleteEndpoint(db, caller, endpoint.id)
  if (deleted !== 'changed') return renderRefusal(c, 'unknown')
  return c.redirect(`${view.base}/endpoints?done=delete`, 303)
})

/** What says which one it is, and can be typed. */
const typedName = ({ name, url }: Endpoint): string => name ?? new URL(url).host

async function renderDeletion(c: ConsoleContext, endpoint: Endpoint, trouble = ''): Promise<Response> {
  const { db, view } = c.var
  const { id, url } = endpoint
  const status = await readEndpointStatus(db, callerOf(c as never), id)
  const waits = status?.pending ?? 0
  return render(view, {
    title: `Delete ${shortUrl(url)}`,
    place: 'endpoints',
    status: trouble ? 400 : 200,
    content: html`<section class="sheet">
${stepTitle(`Delete ${shortUrl(url)}?`)}
<p>${waits === 0 ? 'Nothing waits for it.' : html`<b>${counted(waits, 'delivery that waits is', 'deliveries that wait are')} canceled.</b>`} It gets nothing more, and cannot be brought back. What it was sent stays in the history. To only stop it for a while, pause it.</p>
<form class="stack" method="post" action="${view.base}/endpoints/${id}/delete">${hidden(view)}
${field({ name: 'typed', label: `Type ${typedName(endpoint)} to confirm`, required: true, error: trouble || undefined })}
<div class="end"><a class="btn" href="${view.base}/endpoints/${id}">Keep it</a><button class="btn danger" type="submit">Delete the endpoint</button></div>
</form></section>`,
  })
}
