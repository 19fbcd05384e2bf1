// Filters as they stand in the URL: read leniently, said back as a sentence, kept by links.
import { html } from 'hono/html'
import type { Child, Html } from './parts.ts'

export type Query = Readonly<Record<string, string>>

/** Only the known names, without empty ones. */
export function readQuery(all: Readonly<Record<string, string>>, names: readonly string[]): Query {
  return Object.fromEntries(names.flatMap(name => (all[name]?.trim() ? [[name, all[name].trim()]] : [])))
}

export function withQuery(
  path: string,
  query: Query,
  changes: Readonly<Record<string, string | null>> = {},
): string {
  const all = new URLSearchParams(query)
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) all.delete(name)
    else all.set(name, value)
  }
  const text = all.toString()
  return text === '' ? path : `${path}?${text}`
}

/**
 * A time as people type it, UTC: `02:31` is the last time that it was that late, `2026-11-24` and `2026-11-24 02:31` are
 * themselves. null = it cannot be read.
 */
export function readTime(text: string, now: Date): Date | null {
  const clock = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text)
  if (clock) {
    const [, hours, minutes, seconds = '0'] = clock
    const time = new Date(now)
    time.setUTCHours(Number(hours), Number(minutes), Number(seconds), 0)
    if (time > now) time.setUTCDate(time.getUTCDate() - 1)
    return Number.isNaN(time.getTime()) ? null : time
  }
  const iso = text.replace(' UTC', '').replace(' ', 'T')
  const time = new Date(/[zZ]$|[+-]\d\d:?\d\d$/.test(iso) ? iso : iso.length > 10 ? `${iso}Z` : iso)
  return Number.isNaN(time.getTime()) ? null : time
}

export interface Input {
  readonly name: string
  readonly label: string
  readonly placeholder?: string
  readonly list?: string
  readonly options?: readonly (readonly [value: string, words: string])[]
}

export function filterForm(
  action: string,
  inputs: readonly Input[],
  query: Query,
  kept: readonly string[] = [],
  above: Child = '',
): Html {
  return html`<form class="filters" action="${action}" method="get">
${above}
<div class="row">${inputs.map(({ name, label, placeholder = '', list, options }) =>
    options
      ? html`<label class="field"><span>${label}</span><select name="${name}">${options.map(
          ([value, words]) =>
            html`<option value="${value}"${value === (query[name] ?? '') ? html` selected` : ''}>${words}</option>`,
        )}</select></label>`
      : html`<label class="field"><span>${label}</span><input name="${name}" value="${query[name] ?? ''}" placeholder="${placeholder}"${list ? html` list="${list}"` : ''} autocomplete="off" spellcheck="false"></label>`,
  )}${kept.map(name => (query[name] ? html`<input type="hidden" name="${name}" value="${query[name]}">` : ''))}<button class="btn" type="submit">Filter</button></div>
</form>`
}
