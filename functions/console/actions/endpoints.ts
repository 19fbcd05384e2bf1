// Forms of an endpoint: create and change it, pause, resume, disable and test it, rotate its secret.
import { Hono } from 'hono'
import { html } from 'hono/html'
import { readCatalogue } from '../../../drizzle/catalogue.ts'
import { callerOf } from '../../access/caller.ts'
import { limitCost } from '../../access/rate-limit.ts'
import {
  type Changed,
  changeEndpoint,
  createEndpoint,
  disableEndpoint,
  pauseEndpoint,
  resumeEndpoint,
  sendTest,
} from '../../endpoints/operations.ts'
import { findEndpoint } from '../../endpoints/read.ts'
import { isRefusal } from '../../endpoints/replies.ts'
import { type Endpoint, EndpointChanges, NewEndpoint, testCost } from '../../endpoints/schema.ts'
import { type InputError, inputErrors } from '../../http/problem.ts'
import { withCost } from '../cost.ts'
import { endpointForm, type FormState, settingsFrom, wantedTypes } from '../endpoint-form.ts'
import { render } from '../frame.ts'
import { requireChange } from '../guard.ts'
import { renderFailure, renderRefusal } from '../pages/refusal.ts'
import type { ConsoleApp, ConsoleContext } from '../view.ts'
import { shortUrl } from '../words.ts'
import { deletionForms } from './deletion.ts'
import { rotationForms, showNewSecret } from './rotation.ts'

export const endpointForms = new Hono<ConsoleApp>()

const emptyForm: FormState = { values: {}, types: null, errors: {} }

endpointForms.get('/console/endpoints/new', requireChange, c => renderForm(c, null, emptyForm))

endpointForms.post('/console/endpoints', requireChange, async c => {
  const { db, form, settings } = c.var
  const parsed = NewEndpoint.safeParse({ ...settingsFrom(form), signing: form.get('signing') ?? undefined })
  if (!parsed.success) return renderForm(c, null, wrong(form, inputErrors(parsed.error)))
  const created = await createEndpoint(db, settings, callerOf(c as never), parsed.data)
  if (isRefusal(created)) return renderForm(c, null, wrong(form, reasonsOf(created)))
  return showNewSecret(c, created.id, created.key, 'The endpoint is active: it gets every event from now on.')
})

endpointForms.get('/console/endpoints/:id/edit', requireChange, async c => {
  const endpoint = await findEndpoint(c.var.db, c.req.param('id'), callerOf(c as never))
  return endpoint ? renderForm(c, endpoint, stateOf(endpoint)) : renderRefusal(c, 'unknown')
})

endpointForms.post('/console/endpoints/:id/edit', requireChange, async c => {
  const { db, form, settings, view } = c.var
  const id = c.req.param('id')
  const endpoint = await findEndpoint(db, id, callerOf(c as never))
  if (!endpoint) return renderRefusal(c, 'unknown')
  const parsed = EndpointChanges.safeParse(settingsFrom(form))
  if (!parsed.success) return renderForm(c, endpoint, wrong(form, inputErrors(parsed.error)))
  const changed = await changeEndpoint(db, settings, callerOf(c as never), id, parsed.data)
  if (isRefusal(changed)) return renderForm(c, endpoint, wrong(form, reasonsOf(changed)))
  return changed === 'changed'
    ? c.redirect(`${view.base}/endpoints/${id}?done=edit`, 303)
    : renderRefusal(c, 'unknown')
})

const actions = { pause: pauseEndpoint, resume: resumeEndpoint, disable: disableEndpoint } as const

for (const [name, run] of Object.entries(actions)) {
  endpointForms.post(`/console/endpoints/:id/${name}`, requireChange, async c => {
    const id = c.req.param('id')!
    return answerChanged(c, id, name, await run(c.var.db, callerOf(c as never), id))
  })
}

function answerChanged(
  c: ConsoleContext,
  id: string,
  name: string,
  changed: Changed,
): Response | Promise<Response> {
  const page = `${c.var.view.base}/endpoints/${id}`
  if (changed === 'changed') return c.redirect(`${page}?done=${name}`, 303)
  if (changed === 'unknown') return renderRefusal(c, 'unknown')
  const detail = `The endpoint must be ${changed.allowed.join(' or ')} for that, and is ${changed.wrongState}.`
  return renderFailure(c, { status: 409, detail, requestId: c.var.requestId }, page)
}

endpointForms.post('/console/endpoints/:id/test', requireChange, withCost(limitCost(testCost)), async c => {
  const { db, view, requestId } = c.var
  const id = c.req.param('id')
  const sent = await sendTest(db, callerOf(c as never), id)
  if (sent === 'unknown') return renderRefusal(c, 'unknown')
  if (sent === 'disabled')
    return renderFailure(
      c,
      { status: 409, detail: 'The endpoint is disabled: resume it first.', requestId },
      `${view.base}/endpoints/${id}`,
    )
  return c.redirect(`${view.base}/deliveries/${sent.deliveryId}`, 303)
})

endpointForms.route('/', rotationForms)
endpointForms.route('/', deletionForms)

async function renderForm(c: ConsoleContext, endpoint: Endpoint | null, state: FormState): Promise<Response> {
  const { db, view } = c.var
  const catalogue = await readCatalogue(db.run)
  const isNew = endpoint === null
  const title = isNew ? 'Create an endpoint' : `Edit ${shortUrl(endpoint.url)}`
  return render(view, {
    title,
    place: 'endpoints',
    status: Object.keys(state.errors).length > 0 ? 400 : 200,
    content: html`<section class="sheet wide"><h1 class="big">${title}</h1>${endpointForm(view, isNew ? 'endpoints' : `endpoints/${endpoint.id}/edit`, catalogue, state, isNew)}</section>`,
  })
}

function stateOf(endpoint: Endpoint): FormState {
  const { event_types, retry_schedule } = endpoint
  const { url, description, tenant, ordering, max_in_flight, rate_per_second, timeout_seconds } = endpoint
  const { name, format } = endpoint
  const values = {
    ...{ url, description, tenant, ordering, max_in_flight, rate_per_second, timeout_seconds, name, format },
    retry_schedule: retry_schedule?.join(', ') ?? null,
  }
  return {
    values: Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, value === null ? '' : String(value)]),
    ),
    types: event_types && new Set(event_types),
    errors: {},
  }
}

/** What was given, and by setting what is wrong with it. */
function wrong(form: URLSearchParams, errors: readonly InputError[]): FormState {
  const types = wantedTypes(form)
  return {
    values: Object.fromEntries(form),
    types: types && new Set(types),
    errors: Object.fromEntries(errors.map(({ path, message }) => [path.split('.')[0]!, message])),
  }
}

function reasonsOf(
  refusal: Extract<Awaited<ReturnType<typeof createEndpoint>>, { wrongInput: unknown } | string>,
): readonly InputError[] {
  if (refusal === 'other tenant') return [{ path: 'tenant', message: 'is not yours' }]
  if (refusal === 'name taken') return [{ path: 'name', message: 'belongs to another endpoint' }]
  return refusal.wrongInput
}
