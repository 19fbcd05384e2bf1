// A new secret for an endpoint. It is shown once, on the answer to the form that made it.
import { Hono } from 'hono'
import { html } from 'hono/html'
import type { SigningKey } from '../../../delivery/keys.ts'
import { callerOf } from '../../access/caller.ts'
import { findEndpoint } from '../../endpoints/read.ts'
import { maxKeys, rotateKey } from '../../endpoints/rotation.ts'
import { Rotation } from '../../endpoints/schema.ts'
import { showKey } from '../../endpoints/signing-key.ts'
import { choice, field, hidden } from '../forms.ts'
import { render } from '../frame.ts'
import { requireChange } from '../guard.ts'
import { showEndpoint } from '../pages/endpoint.ts'
import { renderFailure, renderRefusal } from '../pages/refusal.ts'
import { copyButton, note } from '../parts.ts'
import type { ConsoleApp, ConsoleContext } from '../view.ts'
import { shortUrl } from '../words.ts'

export const rotationForms = new Hono<ConsoleApp>()

rotationForms.get('/console/endpoints/:id/rotate', requireChange, async c => {
  const { db, view } = c.var
  const id = c.req.param('id')
  const endpoint = await findEndpoint(db, id, callerOf(c as never))
  if (!endpoint) return renderRefusal(c, 'unknown')
  return render(view, {
    title: `Rotate the secret of ${shortUrl(endpoint.url)}`,
    place: 'endpoints',
    content: html`<section class="sheet"><h1 class="big">Sign for ${shortUrl(endpoint.url)} with a new secret</h1>
<p>The new one signs at once and is shown once. The old one signs along for a while, so that the receiver has time to change over.</p>
<form class="stack" method="post" action="${view.base}/endpoints/${id}/rotate">${hidden(view)}
${choice('overlap_seconds', 'The old one signs along', '86400', [
  ['86400', 'for 24 hours'],
  ['3600', 'for 1 hour'],
  ['604800', 'for 7 days'],
  ['0', 'not at all: end every old one now'],
])}
${choice('signing', 'Signing', endpoint.signing, [
  ['hmac', 'hmac: a shared secret'],
  ['ed25519', 'ed25519: a public key'],
])}
${field({ name: 'secret', label: 'Secret to go on with', placeholder: 'whsec_…', about: 'Left empty, a new one is made.' })}
<div class="end"><a class="btn" href="${view.base}/endpoints/${id}">Back</a><button class="btn primary" type="submit">Rotate the secret</button></div>
</form></section>`,
  })
})

rotationForms.post('/console/endpoints/:id/rotate', requireChange, async c => {
  const { db, form, settings, view, requestId } = c.var
  const id = c.req.param('id')
  const back = `${view.base}/endpoints/${id}`
  const parsed = Rotation.safeParse({
    overlap_seconds: Number(form.get('overlap_seconds') ?? 86_400),
    signing: form.get('signing') || undefined,
    secret: form.get('secret') || undefined,
  })
  if (!parsed.success)
    return renderFailure(c, { status: 400, detail: 'The overlap is 0 seconds to 7 days.', requestId }, back)
  const rotated = await rotateKey(db, settings.keyring, callerOf(c as never), id, parsed.data)
  if (rotated === 'unknown') return renderRefusal(c, 'unknown')
  if (rotated === 'collision')
    return renderFailure(
      c,
      { status: 409, detail: 'Somebody else rotated it at this very moment.', requestId },
      back,
    )
  if (rotated === 'too many keys')
    return renderFailure(
      c,
      {
        status: 409,
        detail: `${maxKeys} secrets sign already: wait until one has ended, or end all of them.`,
        requestId,
      },
      back,
    )
  if ('wrongInput' in rotated) {
    const detail = rotated.wrongInput.map(({ path, message }) => `The ${path} ${message}.`).join(' ')
    return renderFailure(c, { status: 400, detail, requestId }, back)
  }
  return showNewSecret(c, id, rotated.key, 'It is signed with a new key from now on.')
})

/** The endpoint's page, with what is known only now on top. */
export function showNewSecret(
  c: ConsoleContext,
  id: string,
  key: SigningKey,
  sentence: string,
): Promise<Response> {
  const [[name, value]] = Object.entries(showKey(key)) as [[string, string]]
  const isSecret = name === 'secret'
  const what = isSecret ? 'secret' : 'public key'
  return showEndpoint(
    c,
    note(
      'accent',
      'lock',
      html`<p><b>${sentence} Its ${what} is ${isSecret ? 'shown this once' : 'here'}:</b> copy it to the receiver${isSecret ? ' before you leave the page' : ', which verifies with it'}.</p><p class="quote copyable"><code>${value}</code>${copyButton(value, `Copy the ${what}`)}</p>`,
      { role: 'status' },
    ),
    id,
  )
}
