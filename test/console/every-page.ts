// The pages of the console, by what is in them.
import type { Scene } from './console.ts'

/** With something of everything. */
export const full = (s: Scene): [name: string, path: string][] => [
  ['now', '/console'],
  ['endpoints', '/console/endpoints'],
  ['new-endpoint', '/console/endpoints/new'],
  ['endpoint', `/console/endpoints/${s.failing}`],
  ['paused', `/console/endpoints/${s.paused}?done=pause`],
  ['edit', `/console/endpoints/${s.well}/edit`],
  ['replay', `/console/endpoints/${s.failing}/replay`],
  ['redeliver', '/console/deliveries/redeliver?state=dead'],
  ['delete', `/console/endpoints/${s.failing}/delete`],
  ['new-event', '/console/events/new'],
  ['progress', `/console/replays/${s.replay}`],
  ['rotate', `/console/endpoints/${s.failing}/rotate`],
  ['deliveries', '/console/deliveries'],
  ['nothing-matches', '/console/deliveries?state=canceled'],
  ['delivery', `/console/deliveries/${s.retried}`],
  ['events', '/console/events?table=orders&row=orders/8'],
  ['event', `/console/events/${s.event}`],
  ['send-again', `/console/events/${s.event}/send`],
  ['system', '/console/system'],
  ['replays', '/console/replays'],
  ['keys', '/console/keys'],
  ['revoke', `/console/keys/${s.key}/revoke`],
  ['audit', '/console/audit'],
  ['charts', '/console/charts'],
  ['nowhere', '/console/nowhere'],
  ['unreadable-filter', '/console/deliveries?status=sometimes'],
  ['redeliver-nothing', '/console/deliveries/redeliver'],
]

/** With nothing yet. */
export const empty: [name: string, path: string][] = [
  '',
  '/endpoints',
  '/deliveries',
  '/events',
  '/replays',
  '/keys',
  '/audit',
  '/system',
  '/sign-in',
].map(path => [`empty${path.replace('/', '-')}`, `/console${path}`])
