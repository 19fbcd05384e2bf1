// System: who sends, whether every change is captured, which tables are watched, and how it is set. Replays, keys and the audit
// are pages of their own, so that each stays at three statements.
import { html } from 'hono/html'
import { type CaptureCheck, readCaptureHealth } from '../../../drizzle/capture-health.ts'
import type { Settings } from '../../settings.ts'
import { readListeners } from '../../system/listeners/read.ts'
import { readWatches, type Watch } from '../../system/watches.ts'
import { actionLink } from '../forms.ts'
import { render } from '../frame.ts'
import { ago, type Child, foreign, list, note, props, section, state } from '../parts.ts'
import { checksResult, type Said, senderRows } from '../senders.ts'
import type { ConsoleContext, View } from '../view.ts'
import { duration } from '../words.ts'
import { empty, readOnlyNote } from './refusal.ts'

export async function showSystem(c: ConsoleContext): Promise<Response> {
  const { db, view, settings } = c.var
  const [senders, checks, watches] = await Promise.all([
    readListeners(db),
    readCaptureHealth(db.run),
    readWatches(db),
  ])
  const silent = senders.data.filter(({ state: how }) => how === 'silent').length
  return render(view, {
    title: 'System',
    place: 'system',
    content: html`<header class="page"><h1>${senders.held === null ? sentence(checks, silent) : 'Nothing is sent: this database may be a copy.'}</h1>
<p class="lede">Jump to <a href="#checks">checks</a>, <a href="#tables">watched tables</a>, <a href="#settings">settings</a>. On pages of their own: <a href="${view.base}/replays">replays</a>${
      view.mayChange
        ? html`, <a href="${view.base}/keys">keys</a>, <a href="${view.base}/audit">audit</a>`
        : ''
    }.</p></header>
${readOnlyNote(c)}
${held(view, senders.held)}${adopted(c.req.query('done'))}
${section({ title: 'Senders', id: 'senders' }, senderTable(senderRows(senders, view)))}
${section({ title: 'Capture checks', about: checksResult(checks), id: 'checks' }, checkTable(checks))}
${section({ title: 'Watched tables', id: 'tables' }, watches.length === 0 ? empty(html`<b>No table is watched.</b> Say in a migration which one is:`, html`<pre tabindex="0" role="region" aria-label="Command">SELECT outbox.watch('orders');</pre>`) : watchTable(view, watches))}
${section({ title: 'Settings', about: 'Values, never secrets.', id: 'settings' }, settingsOf(settings))}`,
  })
}

const held = (view: View, reason: string | null): Child =>
  reason === null
    ? ''
    : note('bad', 'database', html`<p><b>${reason}</b> What waits is kept.</p>`, {
        beside: actionLink(view, 'system/adopt', 'Say which it is…', { opensSheet: true }) || null,
      })

/** What was just said of a copy. */
const adopted = (asWhat: string | undefined): Child =>
  asWhat === 'replacement'
    ? note(
        'accent',
        'tick',
        html`<p><b>This database takes the place of the original.</b> What waits is sent within seconds.</p>`,
        { role: 'status' },
      )
    : asWhat === 'new'
      ? note(
          'accent',
          'tick',
          html`<p><b>This database is one of its own.</b> What waited is canceled, and every endpoint is paused: change their addresses before you resume them.</p>`,
          { role: 'status' },
        )
      : ''

function sentence(checks: readonly CaptureCheck[], silent: number): string {
  const failing = checks.filter(({ healthy }) => !healthy)
  const capture =
    failing.length === 0
      ? 'Capture holds.'
      : failing.length === 1
        ? `One check of the capture does not hold: ${words(failing[0]!.name)}.`
        : `${failing.length} checks of the capture do not hold.`
  return silent === 0
    ? capture
    : `${capture} ${silent === 1 ? 'One listener is' : `${silent} listeners are`} silent.`
}

/** `broken_triggers` → Broken triggers */
const words = (name: string) => `${name[0]!.toUpperCase()}${name.slice(1).replaceAll('_', ' ')}`

const senderTable = (rows: readonly Said[]) =>
  list(
    'Senders',
    [
      { title: 'Sender', kind: 'main', cell: row => row.what },
      { title: 'State', cell: row => row.state },
      { title: 'Version', kind: 'nowrap', label: 'Version', cell: row => row.version ?? '' },
      { title: 'What it says', kind: 'wide', cell: row => row.says },
    ],
    rows,
  )

const checkTable = (checks: readonly CaptureCheck[]) =>
  list(
    'Capture checks',
    [
      { title: 'Check', kind: 'main', cell: ({ name }) => words(name) },
      {
        title: 'State',
        cell: ({ healthy }) => (healthy ? state('tick', 'Holds') : state('cross', 'Look at it')),
      },
      {
        title: 'Measured',
        kind: 'num',
        label: 'Measured',
        cell: ({ value }) => (value === 0 ? html`<span class="dim">0</span>` : String(+value.toFixed(3))),
      },
      { title: 'What it says', kind: 'wide', cell: ({ advice }) => foreign(advice) },
    ],
    checks,
  )

const watchTable = (view: View, watches: readonly Watch[]) =>
  list(
    'Watched tables',
    [
      { title: 'Table', kind: 'main', cell: ({ relation }) => foreign(relation) },
      { title: 'Operations', kind: 'nowrap', cell: ({ operations }) => operations.join(', ') },
      { title: 'Event types', cell: ({ types }) => types.join(', ') },
      { title: 'Only when', cell: row => condition(row) },
      { title: 'Since', kind: 'nowrap', cell: ({ watchedAt }) => ago(watchedAt, view) },
    ],
    watches,
  )

function condition({ whenChanged, condition: only }: Watch): Child {
  if (whenChanged === null && only === null) return html`<span class="dim">always</span>`
  const columns =
    whenChanged === null ? '' : `${whenChanged.join(', ')} ${whenChanged.length === 1 ? 'changes' : 'change'}`
  return html`${columns}${columns && only !== null ? ' and ' : ''}${only === null ? '' : html`<code>${foreign(only)}</code>`}`
}

function settingsOf({ delivery, driver, keyring, environment }: Settings) {
  const [seals, ...opens] = keyring.keyIds
  return props([
    ['Environment', environment ?? html`<span class="dim">no name is set</span>`],
    ['Database driver', driver],
    ['Retry schedule', delivery.retrySchedule.map(duration).join(', ')],
    ['Request timeout', duration(delivery.requestTimeoutSeconds)],
    ['Lease', duration(delivery.leaseSeconds)],
    ['Disabled after', `${duration(delivery.disableAfterSeconds)} of nothing but failures`],
    ['Plain HTTP', delivery.allowHttp ? 'Allowed' : 'Refused'],
    [
      'Private networks',
      delivery.privateNetworks.length === 0 ? 'None may be reached' : 'Some may be reached',
    ],
    [
      'Master key',
      html`<code>${seals}</code> seals${opens.length === 0 ? '' : html`; ${opens.map(id => html`<code>${id}</code> `)}only open`}`,
    ],
  ])
}
