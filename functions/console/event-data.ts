// What an event says: of a row's change the columns before and after, with the changed ones marked; of anything else the text.
import { html } from 'hono/html'
import { type Json, parseJson, writeJson } from '../http/json.ts'
import { foreign, type Html, verbatim } from './parts.ts'
import { count } from './words.ts'

interface RowChange {
  readonly table: string
  readonly operation: string
  readonly new: Readonly<Record<string, Json>> | null
  readonly old: Readonly<Record<string, Json>> | null
}

/** More would be a page that no browser likes to lay out. The API has all of it. */
const maxShown = 200_000
const maxColumns = 500

export function eventData(text: string): Html {
  const change = readChange(text)
  const asked = html`<p class="dim">That you asked to see it is in the audit.</p>`
  if (!change) return html`${bytes(text)}${asked}`
  const names = [...new Set([...Object.keys(change.old ?? {}), ...Object.keys(change.new ?? {})])]
  const rows = names.map(name => ({ name, before: shown(change.old, name), after: shown(change.new, name) }))
  const isUpdate = change.old !== null && change.new !== null
  const changed = isUpdate ? rows.filter(({ before, after }) => before !== after) : []
  const same = rows.filter(row => !changed.includes(row))
  return html`<table class="plain diff"><thead><tr><th scope="col">Column</th><th scope="col">Before</th><th scope="col">After</th></tr></thead>
<tbody>${[...changed, ...same]
    .slice(0, maxColumns)
    .map(
      row =>
        html`<tr${changed.includes(row) ? html` class="changed"` : ''}><th scope="row">${foreign(row.name)}${changed.includes(row) ? html` <span class="sr">(changed)</span>` : ''}</th><td>${cell(row.before)}</td><td>${cell(row.after)}</td></tr>`,
    )}</tbody></table>
<p class="more"><span>${foreign(change.table)}, ${foreign(change.operation)}${isUpdate ? `: ${count(changed.length)} of ${count(rows.length)} columns changed` : ''}.</span></p>
<details class="fold"><summary>The exact bytes</summary>${bytes(text)}</details>${asked}`
}

const cell = (text: string | null) => (text === null ? '' : foreign(text))

const shown = (row: RowChange['old'], name: string): string | null =>
  row !== null && Object.hasOwn(row, name) ? writeJson(row[name]!) : null

function bytes(text: string): Html {
  const cut = text.length > maxShown
  return html`${verbatim(text.slice(0, maxShown), 'Data of the event')}${cut ? html`<p class="dim">The first ${count(maxShown)} of ${count(text.length)} characters. The API has all of them.</p>` : ''}`
}

/** As outbox.data_sql() makes it (drizzle/functions/data_sql.sql); null for data of another shape. */
function readChange(text: string): RowChange | null {
  if (text.length > maxShown) return null
  const data = parseJson(text)
  if (!isObject(data) || typeof data.table !== 'string' || typeof data.operation !== 'string') return null
  const { new: after, old: before } = data
  if (!(isObject(after) || after === null) || !(isObject(before) || before === null)) return null
  return before === null && after === null ? null : (data as unknown as RowChange)
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value)
