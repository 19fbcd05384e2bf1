// The settings of an endpoint as a form: types picked from the catalogue, everything else with its default.
import { html } from 'hono/html'
import type { EventType } from '../../drizzle/catalogue.ts'
import { choice, field, hidden } from './forms.ts'
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
<div class="end"><a class="btn" href="${view.base}/${isNew ? 'endpoints' : action.replace('/edit', '')}">Back</a><button class="btn primary" type="submit">${isNew ? 'Create the endpoint' : 'Save'}</button></div>
</form>`
}

/** Ticked, with what such an event looks like for who wants to see. */
function typeChoice(
  { type, table, operations, example }: EventType,
  types: ReadonlySet<string> | null,
): Html {
  return html`<div><label class="check"><input type="checkbox" name="type" value="${type}"${types?.has(type) ? html` checked` : ''}> <span><code>${type}</code> <small class="dim">${table === null ? 'from the outbox itself' : `${table}, ${operations.join(', ')}`}</small></span></label>
<details><summary>Example<span class="sr"> of ${type}</span></summary>${verbatim(JSON.stringify(example, null, 2), `Example of ${type}`)}</details></div>`
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
  }
}
