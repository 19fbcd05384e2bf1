// Who changed what, newest first.
import { html } from 'hono/html'
import { parseId } from '../../../delivery/ids.ts'
import { withoutQuery } from '../../endpoints/read.ts'
import { JsonText } from '../../http/json.ts'
import { listAudit, toEntry } from '../../system/audit/read.ts'
import { readQuery } from '../filters.ts'
import { render } from '../frame.ts'
import { pageLinks, readListPage } from '../paging.ts'
import { at, type Child, foreign, list } from '../parts.ts'
import type { ConsoleContext, View } from '../view.ts'
import { shortId, shortUrl } from '../words.ts'
import { empty, renderRefusal } from './refusal.ts'

type Row = Awaited<ReturnType<typeof listAudit>>[number]
type Entry = ReturnType<typeof toEntry> & { readonly url: string | null }

const words: Readonly<Record<string, string>> = {
  'endpoint.created': 'Created an endpoint',
  'endpoint.changed': 'Changed settings',
  'endpoint.paused': 'Paused an endpoint',
  'endpoint.resumed': 'Resumed an endpoint',
  'endpoint.disabled': 'Disabled an endpoint',
  'endpoint.deleted': 'Deleted an endpoint',
  'endpoint.rotated': 'Rotated a secret',
  'endpoint.tested': 'Sent a test event',
  'delivery.redelivered': 'Sent a delivery again',
  'event.shown': 'Looked at the data of an event',
  'replay.started': 'Began a replay',
  'replay.canceled': 'Canceled a replay',
  'key.created': 'Gave out a key',
  'key.revoked': 'Revoked a key',
  'system.adopted': 'Adopted the database',
}

export async function showAudit(c: ConsoleContext): Promise<Response> {
  const { db, view } = c.var
  if (!view.mayChange) return renderRefusal(c, 'read only')
  const path = `${view.base}/audit`
  const query = readQuery(c.req.query(), ['endpoint_id'])
  const page = await readListPage<Row>({
    name: 'audit',
    query,
    cursor: c.req.query('cursor'),
    read: (after, limit) =>
      listAudit(db, { endpoint: parseId('ep', query.endpoint_id ?? '') ?? undefined }, after?.[0], limit),
    positionOf: ({ entry }) => [entry.id],
  })
  const rows: Entry[] = page.rows.map(row => ({
    ...toEntry(row),
    url: row.url === null ? null : withoutQuery(row.url),
  }))
  return render(view, {
    title: 'Audit',
    place: 'system',
    content: html`<section aria-label="Audit"><header class="page"><h1>Audit</h1><p class="lede">Who changed what, by key, and with which request. It cannot be rewritten, not even with an admin key.${
      query.endpoint_id
        ? html` Only what was done to <a href="${view.base}/endpoints/${query.endpoint_id}">${foreign(shortId(query.endpoint_id))}</a>. <a href="${path}">All of it</a>`
        : ''
    }</p></header>
${
  rows.length === 0
    ? empty(html`<b>Nothing was changed yet.</b>`)
    : list(
        'Audit, newest first',
        [
          { title: 'When', kind: 'nowrap', cell: row => at(row.at, view) },
          { title: 'Who', kind: 'nowrap', cell: row => foreign(row.who) },
          {
            title: 'What',
            kind: 'main',
            cell: row => html`${words[row.action] ?? row.action}${changesOf(row)}`,
          },
          { title: 'Where', kind: 'wide', cell: row => where(view, row) },
          {
            title: 'Request',
            cell: row =>
              html`<code class="id" title="${row.request_id}">${row.request_id.slice(0, 8)}</code>`,
          },
        ],
        rows,
      )
}
${pageLinks(path, query, page)}</section>`,
  })
}

function where({ base }: View, { endpoint_id, delivery_id, event_id, url }: Entry): Child {
  if (delivery_id !== null)
    return html`<a href="${base}/deliveries/${delivery_id}">${shortId(delivery_id)}</a>`
  if (event_id !== null) return html`<a href="${base}/events/${event_id}">${shortId(event_id)}</a>`
  if (endpoint_id === null) return ''
  return html`<a href="${base}/endpoints/${endpoint_id}">${url === null ? shortId(endpoint_id) : shortUrl(url)}</a>`
}

/** `{ setting: { from, to } }`, as it was written down. */
function changesOf({ changes }: Entry): Child {
  const all =
    changes instanceof JsonText ? (JSON.parse(changes.text) as Record<string, unknown> | null) : null
  if (all === null || Object.keys(all).length === 0) return ''
  return html`<p>${Object.entries(all)
    .slice(0, 20)
    .map(
      ([name, change], i) =>
        html`${i > 0 ? '; ' : ''}${name.replaceAll('_', ' ')}: ${foreign(inShort(change))}`,
    )}</p>`
}

function inShort(change: unknown): string {
  if (typeof change === 'string') return change.slice(0, 200)
  if (typeof change !== 'object' || change === null || !('to' in change))
    return JSON.stringify(change).slice(0, 200)
  const { from = null, to } = change as { from?: unknown; to: unknown }
  const text = (value: unknown) =>
    (value === null ? 'none' : typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 100)
  return from === null ? text(to) : `${text(from)}, now ${text(to)}`
}
