// Replays, newest first, with how far each is.
import { html } from 'hono/html'
import { callerOf } from '../../access/caller.ts'
import { withoutQuery } from '../../endpoints/read.ts'
import { listReplays, toReplay } from '../../replays/read.ts'
import { actionButton } from '../forms.ts'
import { render } from '../frame.ts'
import { pageLinks, readListPage } from '../paging.ts'
import { ago, list, state } from '../parts.ts'
import type { ConsoleContext } from '../view.ts'
import { count, exactly, shortUrl } from '../words.ts'
import { empty, readOnlyNote } from './refusal.ts'

type Row = Awaited<ReturnType<typeof listReplays>>[number]

const scopes = {
  dead: 'what is dead',
  undelivered: 'what was not delivered',
  all: 'everything, also what was delivered',
}

const states = {
  running: state('sending', 'Running'),
  done: state('delivered', 'Done'),
  canceled: state('canceled', 'Canceled'),
}

export async function showReplays(c: ConsoleContext): Promise<Response> {
  const { db, view } = c.var
  const path = `${view.base}/replays`
  const page = await readListPage<Row>({
    name: 'replays',
    query: {},
    cursor: c.req.query('cursor'),
    read: (after, limit) => listReplays(db, callerOf(c as never), {}, after?.[0], limit),
    positionOf: ({ replay }) => [replay.id],
  })
  const rows = page.rows.map(row => ({
    ...toReplay(row),
    name: row.url === null ? 'several endpoints' : shortUrl(withoutQuery(row.url)),
  }))
  const running = rows.filter(row => row.state === 'running').length
  return render(view, {
    title: 'Replays',
    place: 'system',
    live: 'page',
    content: html`<section aria-label="Replays"><header class="page"><h1>${running === 0 ? 'No replay is running.' : running === 1 ? 'One replay is running.' : `${running} replays are running.`}</h1></header>
${readOnlyNote(c)}
${
  rows.length === 0
    ? empty(
        html`<b>There are no replays yet.</b> A replay sends an endpoint its past events again. It begins on the page of the endpoint.`,
      )
    : list(
        'Replays, newest first',
        [
          {
            title: 'Replay',
            kind: 'main',
            cell: row =>
              html`<a href="${view.base}/replays/${row.id}">${row.endpoint_id === null ? 'All that matched a filter' : row.name}</a><p>${row.event_types === null ? 'All types' : row.event_types.join(', ')}, ${scopes[row.only]}, from ${exactly(new Date(row.since))} to ${exactly(new Date(row.until))}</p>`,
          },
          { title: 'State', cell: row => states[row.state] },
          {
            title: 'Made due',
            kind: 'num',
            label: 'Made due',
            cell: row => `${count(row.replayed)}${row.count == null ? '' : ` of ${count(row.count)}`}`,
          },
          {
            title: 'Rate',
            kind: 'num',
            label: 'Rate',
            cell: row => (row.rate_per_second === null ? '' : `${row.rate_per_second}/s`),
          },
          { title: 'Begun', kind: 'nowrap', cell: row => ago(row.created_at, view) },
          {
            title: html`<span class="sr">Actions</span>`,
            cell: row =>
              row.state === 'running'
                ? actionButton(view, `replays/${row.id}/cancel`, 'Cancel', {
                    label: `Cancel the replay to ${row.name}`,
                  })
                : '',
          },
        ],
        rows,
        row => row.id,
      )
}
${pageLinks(path, {}, page)}</section>`,
  })
}
