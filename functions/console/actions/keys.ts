// Keys: who has one, giving one out (it is shown once), and taking one back. For admin keys without a tenant.
import { Hono, type MiddlewareHandler } from 'hono'
import { html } from 'hono/html'
import { callerOf } from '../../access/caller.ts'
import { inputErrors } from '../../http/problem.ts'
import { createKey, deleteKey } from '../../keys/operations.ts'
import { findKey, listKeys, toListedKey } from '../../keys/read.ts'
import { type CreatedApiKey, type ListedApiKey, NewApiKey } from '../../keys/schema.ts'
import { readTime } from '../filters.ts'
import { actionLink, choice, field, hidden } from '../forms.ts'
import { render } from '../frame.ts'
import { requireChange, requireOperator } from '../guard.ts'
import { empty, renderRefusal } from '../pages/refusal.ts'
import { pageLinks, readListPage } from '../paging.ts'
import { ago, at, type Column, copyButton, foreign, list, note, section } from '../parts.ts'
import { stepTitle } from '../sheet.ts'
import type { ConsoleApp, ConsoleContext, View } from '../view.ts'

export const keyForms = new Hono<ConsoleApp>()

type Errors = Readonly<Record<string, string>>

keyForms.use('/console/keys', requireOperator as MiddlewareHandler, requireChange as MiddlewareHandler)
keyForms.use('/console/keys/*', requireOperator as MiddlewareHandler, requireChange as MiddlewareHandler)

keyForms.get('/console/keys', c => showKeys(c))

keyForms.post('/console/keys', async c => {
  const { db, form, settings, view } = c.var
  const given = Object.fromEntries(form) as Readonly<Record<string, string | undefined>>
  const ends = given.expires_at ? readTime(given.expires_at, view.now) : null
  if (given.expires_at && ends === null)
    return showKeys(c, { errors: { expires_at: 'is no time such as 2026-12-31' } })
  const parsed = NewApiKey.safeParse({
    name: given.name,
    scope: given.scope,
    tenant: given.tenant || null,
    expires_at: ends?.toISOString() ?? null,
  })
  if (!parsed.success) return showKeys(c, { errors: byPath(inputErrors(parsed.error)) })
  const giver = { ...callerOf(c as never), expiresAt: view.key.expiresAt }
  const created = await createKey(db, settings.apiKeys, giver, parsed.data)
  if (created === 'other tenant') return renderRefusal(c, 'unknown')
  return 'wrongInput' in created
    ? showKeys(c, { errors: byPath(created.wrongInput) })
    : showKeys(c, { created })
})

keyForms.get('/console/keys/:id/revoke', async c => {
  const { db, view } = c.var
  const key = await findKey(db, c.req.param('id'))
  if (!key) return renderRefusal(c, 'unknown')
  return render(view, {
    title: `Revoke ${key.name}`,
    place: 'system',
    content: html`<section class="sheet">${stepTitle(`Revoke the key ${key.name}?`)}
<p>It was ${key.last_used_at === null ? 'never used' : html`last used ${ago(key.last_used_at, view)}`}. Whoever uses it is refused from the next request on, also in the console. It cannot be brought back.</p>
<form class="stack" method="post" action="${view.base}/keys/${key.id}/revoke">${hidden(view)}
<div class="end"><a class="btn" href="${view.base}/keys">Keep it</a><button class="btn danger" type="submit">Revoke the key</button></div>
</form></section>`,
  })
})

keyForms.post('/console/keys/:id/revoke', async c => {
  const isRevoked = await deleteKey(c.var.db, callerOf(c as never), c.req.param('id'))
  return isRevoked ? c.redirect(`${c.var.view.base}/keys`, 303) : renderRefusal(c, 'unknown')
})

const byPath = (errors: readonly { readonly path: string; readonly message: string }[]): Errors =>
  Object.fromEntries(errors.map(({ path, message }) => [path, message]))

interface Outcome {
  readonly errors?: Errors
  readonly created?: CreatedApiKey
}

async function showKeys(c: ConsoleContext, { errors = {}, created }: Outcome = {}): Promise<Response> {
  const { db, view, form } = c.var
  const page = await readListPage({
    name: 'keys',
    query: {},
    cursor: c.req.query('cursor'),
    read: (after, limit) => listKeys(db, after?.[0], limit),
    positionOf: ({ id }) => [id],
  })
  const rows = page.rows.map(toListedKey)
  const value = (name: string) => (created ? '' : (form?.get(name) ?? ''))
  return render(view, {
    title: 'Keys',
    place: 'system',
    status: Object.keys(errors).length > 0 ? 400 : 200,
    content: html`<header class="page"><h1>Keys</h1><p class="lede">Given out here, and valid from then until they end or are revoked. Those of OUTBOX_API_KEYS are not listed.</p></header>
${created ? shownOnce(created) : ''}
<div class="split"><section aria-label="Keys">
${rows.length === 0 ? empty(html`<b>No key was given out yet.</b>`) : list('Keys, newest first', columns(view), rows, ({ id }) => id)}
${pageLinks(`${view.base}/keys`, {}, page)}
</section><div>
${section(
  { title: 'Give out a key' },
  html`<form class="stack" method="post" action="${view.base}/keys">${hidden(view)}
${field({ name: 'name', label: 'Name', value: value('name'), placeholder: 'support-desk', required: true, about: 'It stands in the audit.', error: errors.name })}
${choice('scope', 'Scope', value('scope') || 'read', [
  ['read', 'read: sees, and changes nothing'],
  ['admin', 'admin: may change everything it sees'],
])}
${field({ name: 'tenant', label: 'Tenant', value: value('tenant'), placeholder: 'Any', about: 'It sees only what belongs to this tenant.', error: errors.tenant })}
${field({ name: 'expires_at', label: 'Ends (UTC)', value: value('expires_at'), placeholder: 'Never', error: errors.expires_at })}
<button class="btn primary" type="submit">Give out the key</button></form>`,
)}
</div></div>`,
  })
}

export const shownOnce = ({ key, name }: Pick<CreatedApiKey, 'key' | 'name'>) =>
  note(
    'accent',
    'lock',
    html`<p><b>The key ${name} is valid now. It is shown this once:</b> copy it before you leave the page.</p><p class="quote copyable"><code>${key}</code>${copyButton(key, 'Copy the key')}</p>`,
    { role: 'status' },
  )

const columns = (view: View): Column<ListedApiKey>[] => [
  { title: 'Name', kind: 'main', cell: ({ name }) => name },
  { title: 'Scope', cell: ({ scope }) => scope },
  { title: 'Tenant', cell: ({ tenant }) => (tenant === null ? '' : foreign(tenant)) },
  {
    title: 'Last used',
    kind: 'nowrap',
    label: 'Last used',
    cell: row =>
      row.last_used_at === null ? html`<span class="dim">never</span>` : ago(row.last_used_at, view),
  },
  {
    title: 'Ends',
    kind: 'nowrap',
    label: 'Ends',
    cell: row => (row.expires_at === null ? html`<span class="dim">never</span>` : at(row.expires_at, view)),
  },
  {
    title: html`<span class="sr">Actions</span>`,
    cell: row =>
      actionLink(view, `keys/${row.id}/revoke`, 'Revoke…', {
        label: `Revoke the key ${row.name}…`,
        opensSheet: true,
      }),
  },
]
