// All endpoints, newest first, with what waits for each.
import { html } from 'hono/html'
import { callerOf } from '../../access/caller.ts'
import { listEndpoints, toListedEndpoint } from '../../endpoints/read.ts'
import { readStats } from '../../system/stats/read.ts'
import { readQuery } from '../filters.ts'
import { actionLink } from '../forms.ts'
import { render } from '../frame.ts'
import { pageLinks, readListPage } from '../paging.ts'
import { ago, endpointState, foreign, list, note, number } from '../parts.ts'
import type { ConsoleContext } from '../view.ts'
import { count, shortUrl } from '../words.ts'
import { empty, readOnlyNote } from './refusal.ts'

export async function showEndpoints(c: ConsoleContext): Promise<Response> {
  const { db, view } = c.var
  const caller = callerOf(c as never)
  const query = readQuery(c.req.query(), ['url'])
  const wanted = query.url
  const page = await readListPage({
    name: 'endpoints',
    query,
    cursor: c.req.query('cursor'),
    // An address is looked for among the newest: there is no index over addresses.
    read: (after, limit) => listEndpoints(db, caller, undefined, after?.[0], wanted ? maxSearched : limit),
    positionOf: ({ id }) => [id],
  })
  const bare = (url: string) => url.replace(/^https?:\/\//, '').replace(/\?.*/s, '')
  const found = page.rows.filter(({ url }) => !wanted || bare(url).includes(bare(wanted)))
  const rows = found.map(toListedEndpoint)
  const { endpoints } = await readStats(db, caller, { only: found.map(({ id }) => id) })
  const countsOf = new Map(endpoints.map(row => [row.id, row]))
  return render(view, {
    title: 'Endpoints',
    place: 'endpoints',
    content: html`<section aria-label="Endpoints">
<header class="page"><h1>Endpoints</h1>${wanted ? html`<p class="lede">With <b>${foreign(wanted)}</b> in the address. <a href="${view.base}/endpoints">All endpoints</a></p>` : ''}<div class="actions">${actionLink(view, 'endpoints/new', 'Create an endpoint', { kind: 'primary' })}</div></header>
${c.req.query('done') === 'delete' ? note('accent', 'tick', html`<p><b>The endpoint is deleted.</b> What waited for it is canceled; what it was sent stays.</p>`, { role: 'status' }) : ''}
${readOnlyNote(c)}
${
  rows.length === 0
    ? wanted
      ? empty(
          html`<b>No endpoint has that in its address.</b>`,
          html`<div class="actions"><a class="btn" href="${view.base}/endpoints">Clear the filter</a></div>`,
        )
      : empty(
          html`<b>There are no endpoints yet.</b> Events are kept; an endpoint that you add counts from then on, and a replay brings it older ones.`,
        )
    : list(
        'Endpoints, newest first',
        [
          {
            title: 'Endpoint',
            kind: 'main',
            cell: row =>
              html`<a href="${view.base}/endpoints/${row.id}">${shortUrl(row.url)}</a>${row.description ? html`<p>${foreign(row.description)}</p>` : ''}`,
          },
          {
            title: 'State',
            cell: row =>
              endpointState({ ...row, isOpen: (countsOf.get(row.id)?.probe_in_seconds ?? null) !== null }),
          },
          {
            title: 'Event types',
            label: 'Types',
            cell: row => (row.event_types === null ? 'all' : row.event_types.join(', ')),
          },
          { title: 'Tenant', label: 'Tenant', cell: row => (row.tenant === null ? '' : foreign(row.tenant)) },
          {
            title: 'Waiting',
            kind: 'num',
            label: 'Waiting',
            cell: row => waiting(countsOf.get(row.id)?.pending),
          },
          { title: 'Dead', kind: 'num', label: 'Dead', cell: row => waiting(countsOf.get(row.id)?.dead) },
          { title: 'Created', kind: 'nowrap', label: 'Created', cell: row => ago(row.created_at, view) },
        ],
        rows,
        row => row.id,
      )
}
${wanted ? '' : pageLinks(`${view.base}/endpoints`, query, page)}
</section>`,
  })
}

const maxSearched = 1_000

/** Not known is empty. */
const waiting = (n: number | undefined) => (n === undefined ? '' : number(n, count(n)))
