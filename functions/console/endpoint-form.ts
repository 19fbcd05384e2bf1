// The settings of an endpoint as a form: types picked from the catalogue, everything else with its default.
import { html } from 'hono/html'
import type { EventType } from '../../drizzle/catalogue.ts'
import { area, choice, field, hidden } from './forms.ts'
import { type Child, type Html, note, verbatim } from './parts.ts'
import type { View } from './view.ts'

export type Given = Readonly<Record<string, string>> & { readonly types?: never }

export interface FormState {
  readonly values: Readonly<Record<string, string>>
  /** Those that are ticked; null = all types. */
  readonly types: ReadonlySet<string> | null
  /** By setting. */
  readonly errors: Readonly<Record<string, string>>
}

export function endpointForm(
  view: View,
  action: string,
  catalogue: readonly EventType[],
  state: FormState,
  isNew: boolean,
): Html {
  const { values, types, errors } = state
  const input = (
    name: string,
    label: string,
    more: { placeholder?: string; about?: Child; required?: boolean; type?: string } = {},
  ) => field({ name, label, value: values[name] ?? '', error: errors[name], ...more })
  const known = Object.keys(errors)
  return html`${known.length === 0 ? '' : note('bad', 'failed', html`<p><b>Nothing was saved.</b> ${known.map(name => html`${name.replaceAll('_', ' ')} ${errors[name]}. `)}</p>`, { role: 'alert' })}
<form class="stack form" method="post" action="${view.base}/${action}">${hidden(view)}
${input('url', 'URL', { placeholder: 'https://example.com/webhooks', required: true, type: 'url' })}
${input('description', 'Description', { placeholder: 'What it is for' })}
<fieldset><legend>Event types</legend>
<label class="check"><input type="radio" name="which" value="all"${types === null ? html` checked` : ''}> All, also those that come later</label>
<label class="check"><input type="radio" name="which" value="some"${types === null ? '' : html` checked`}> Only these:</label>
<div class="types">${catalogue.map(type => typeChoice(type, types))}</div>
${field({ name: 'more_types', label: 'Others, with spaces between them', value: others(types, catalogue), placeholder: 'order.* invoice.paid', error: errors.event_types })}
</fieldset>
<div class="pair">${view.isOperator ? input('tenant', 'Tenant', { placeholder: 'Any', about: 'It gets only this tenant’s events.' }) : ''}
${choice('ordering', 'Order', values.ordering ?? 'none', [
  ['none', 'None: as fast as it can'],
  ['key', 'By key: one after the other'],
])}</div>
<div class="pair">${input('rate_per_second', 'At most, per second', { placeholder: 'No limit' })}${input('max_in_flight', 'At a time, at most', { placeholder: '32' })}</div>
<div class="pair">${input('timeout_seconds', 'Time limit, seconds', { placeholder: 'As set for all' })}${
    isNew
      ? choice('signing', 'Signing', values.signing ?? 'hmac', [
          ['hmac', 'hmac: a shared secret'],
          ['ed25519', 'ed25519: a public key'],
        ])
      : ''
  }</div>
${moreSettings(state, isNew, known)}
<div class="end"><a class="btn" href="${view.base}/${isNew ? 'endpoints' : action.replace('/edit', '')}">Back</a><button class="btn primary" type="submit">${isNew ? 'Create the endpoint' : 'Save'}</button></div>
</form>`
}

const rare = ['name', 'format', 'retry_schedule', 'headers', 'kind', 'expires_after_idle_seconds', 'secret']

/** What few endpoints need. It is open where something in it is wrong. */
function moreSettings({ values, errors }: FormState, isNew: boolean, wrong: readonly string[]): Html {
  const input = (name: string, label: string, about: Child, placeholder = '') =>
    field({ name, label, value: values[name] ?? '', error: errors[name], about, placeholder })
  return html`<details class="fold"${wrong.some(name => rare.includes(name)) ? html` open` : ''}><summary>More settings</summary><div class="stack">
<div class="pair">${input('name', 'Name', 'Yours to choose; no two endpoints of a tenant have the same.', 'billing')}${choice(
    'format',
    'Format',
    values.format ?? 'standard',
    [
      ['standard', 'standard: Standard Webhooks'],
      ['slack', 'slack: one message for people'],
    ],
  )}</div>
${input('retry_schedule', 'Waits between attempts, in seconds', 'Left empty, as set for all.', '5, 300, 3600')}
${area({ name: 'headers', label: 'Headers sent along', value: values.headers ?? '', error: errors.headers, placeholder: 'authorization: Bearer …', about: isNew ? 'One on each line. They are never shown again.' : 'One on each line, in place of those that are set. Left empty, these stay; a single - takes them away.' })}
${
  isNew
    ? html`${input('secret', 'Secret to go on with', 'Left empty, a new one is made.', 'whsec_…')}
<div class="pair">${choice('kind', 'Kind', values.kind ?? 'push', [
        ['push', 'push: posted to the URL'],
        ['pull', 'pull: its receiver fetches'],
      ])}${input('expires_after_idle_seconds', 'Disabled when idle for, seconds', 'Only for pull. Left empty, never.')}</div>`
    : ''
}</div></details>`
}

/** Ticked, with what such an event looks like for who wants to see. */
function typeChoice(
  { type, table, operations, schema, example }: EventType,
  types: ReadonlySet<string> | null,
): Html {
  return html`<div><label class="check"><input type="checkbox" name="type" value="${type}"${types?.has(type) ? html` checked` : ''}> <span><code>${type}</code> <small class="dim">${table === null ? 'from the outbox itself' : `${table}, ${operations.join(', ')}`}</small></span></label>
<details><summary>Example and schema<span class="sr"> of ${type}</span></summary>${verbatim(JSON.stringify(example, null, 2), `Example of ${type}`)}${verbatim(JSON.stringify(schema, null, 2), `Schema of ${type}`)}</details></div>`
}

/** What is wanted and not in the catalogue: a prefix, or a type that only code emits. */
function others(types: ReadonlySet<string> | null, catalogue: readonly EventType[]): string {
  const listed = new Set(catalogue.map(({ type }) => type))
  return types === null ? '' : [...types].filter(type => !listed.has(type)).join(' ')
}

export function wantedTypes(form: URLSearchParams): string[] | null {
  if (form.get('which') !== 'some') return null
  return [
    ...new Set([...form.getAll('type'), ...(form.get('more_types') ?? '').split(/[\s,]+/).filter(Boolean)]),
  ]
}

/** As the API takes it: what is left empty is null, which is the default. */
export function settingsFrom(form: URLSearchParams): Record<string, unknown> {
  const text = (name: string) => form.get(name)?.trim() || null
  const number = (name: string) => {
    const given = text(name)
    return given === null || Number.isNaN(Number(given)) ? given : Number(given)
  }
  return {
    url: text('url') ?? '',
    description: text('description'),
    event_types: wantedTypes(form),
    ...(form.has('tenant') ? { tenant: text('tenant') } : {}),
    ordering: text('ordering') ?? 'none',
    max_in_flight: number('max_in_flight') ?? 32,
    rate_per_second: number('rate_per_second'),
    timeout_seconds: number('timeout_seconds'),
    ...rareSettings(form, text, number),
  }
}

/** Only what the form had: what is left out stays as it is. */
function rareSettings(
  form: URLSearchParams,
  text: (name: string) => string | null,
  number: (name: string) => number | string | null,
): Record<string, unknown> {
  const retries = text('retry_schedule')
  const headers = text('headers')
  const given = {
    name: text('name'),
    format: text('format') ?? 'standard',
    retry_schedule:
      retries?.split(/[\s,]+/).map(wait => (Number.isNaN(Number(wait)) ? wait : Number(wait))) ?? null,
    headers: headers === null ? undefined : headers === '-' ? {} : readHeaders(headers),
    secret: text('secret') ?? undefined,
    kind: text('kind') ?? undefined,
    expires_after_idle_seconds: number('expires_after_idle_seconds'),
  }
  return Object.fromEntries(
    Object.entries(given).filter(([name, value]) => form.has(name) && value !== undefined),
  )
}

/** `name: value` on each line. A line without a colon is a name without a value, which the API refuses by name. */
const readHeaders = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split('\n')
      .filter(line => line.trim() !== '')
      .map(line => {
        const colon = line.includes(':') ? line.indexOf(':') : line.length
        return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()]
      }),
  )
