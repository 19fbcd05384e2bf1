// One visit to every route of the API, in an order in which each has something to show. Two visits to databases that hold the
// same give the same answers: what differs by its nature (new ids, secrets, how long something took) is replaced.
import type pg from 'pg'
import type { Answer, Api } from './api.ts'
import { fillShop } from './shop/shop.ts'

export interface Visited {
  readonly status: number
  readonly body: unknown
}

/** By route, as the API's description names it. */
export type Visit = Map<string, Visited>

/** Everything gone but the watches, the partitions and what tells the schema's version; then a shop and an order of the past. */
export async function resetDatabase(db: pg.Client): Promise<void> {
  const { rows } =
    await db.query(`select string_agg(format('%I.%I', schemaname, tablename), ', ') as tables from pg_tables
    where schemaname in ('outbox', 'public') and tablename not in ('watches', 'partitions', 'history', 'function_files', 'migrations', '__drizzle_migrations')`)
  await db.query('set session_replication_role = replica')
  await db.query(`truncate ${rows[0].tables} restart identity`)
  await db.query('set session_replication_role = origin')
  await fillShop(db)
  const past = `'2026-01-02 03:04:05.678Z'`
  await db.query(
    `insert into orders (id, client_id, created_at, updated_at) values (17, 1, ${past}, ${past})`,
  )
  await db.query(
    `insert into charges (client_id, order_id, amount_cents, webhook_id, created_at) values (1, 17, 1250, 'evt_1', ${past})`,
  )
}

const url = 'http://127.0.0.1:1999/hook'
const third = 100 / 3

export async function visitEveryRoute(api: Api): Promise<Visit> {
  const visit: Visit = new Map()
  let keys = 0
  /** A write is sent twice, the second time as a repeat. */
  async function ask(route: string, path: string, body?: unknown): Promise<Answer> {
    const method = route.split(' ')[0]!
    const isRead = method === 'GET' || method === 'DELETE'
    const options = isRead ? {} : { body, headers: { 'idempotency-key': `visit-${++keys}` } }
    const answers = [await api.call(method, path, options)]
    if (!isRead) answers.push(await api.call(method, path, options))
    for (const [turn, { status, body }] of answers.entries()) {
      const shown = route === 'GET /v1/stats/series' ? withoutBuckets(body) : body
      visit.set(`${route}${turn === 0 ? '' : ', repeated'}`, { status, body: comparable(shown) })
    }
    return answers[0]!
  }

  await ask('POST /orders', '/orders', { client_id: 1, item_ids: [1, 2] })
  await ask('PATCH /orders/{id}', '/orders/1', { status: 'shipped' })
  await ask('PATCH /orders/update', '/orders/update', { id: 1, status: 'backorder' })
  await ask('GET /orders', '/orders?status=created&client_id=1')
  await ask('GET /orders/{id}', '/orders/17')
  await ask('GET /clients', '/clients?limit=1')
  await ask('GET /clients/{id}/charges', '/clients/1/charges')

  const endpoint = (
    await ask('POST /v1/endpoints', '/v1/endpoints', {
      url,
      description: String.raw`it's \x41 {NULL} "quoted"`,
      event_types: ['a.*', 'NULL'],
      headers: { 'x-b': String.raw`\b` },
      rate_per_second: third,
      retry_schedule: [third, 100_000.1],
    })
  ).body.id
  await ask('PATCH /v1/endpoints/{id}', `/v1/endpoints/${endpoint}`, {
    event_types: ['a.b', 'NULL'],
    rate_per_second: 2 * third,
  })
  await ask('GET /v1/endpoints', '/v1/endpoints')
  const batch = await ask('POST /v1/endpoints/batch', '/v1/endpoints/batch', {
    create: [{ url, name: 'batch', event_types: ['none'], headers: { 'x-b': String.raw`\b` } }],
    update: [{ id: endpoint, description: String.raw`it's \x41 {NULL} "quoted", too` }],
  })
  await ask('POST /v1/endpoints/batch, deleting', '/v1/endpoints/batch', {
    delete: [batch.body.created?.[0].id],
  })
  await ask('POST /v1/endpoints/{id}/rotate', `/v1/endpoints/${endpoint}/rotate`, { signing: 'ed25519' })
  await ask('GET /v1/endpoints/{id}', `/v1/endpoints/${endpoint}`)
  await ask('POST /v1/endpoints/{id}/test', `/v1/endpoints/${endpoint}/test`)

  const event = (
    await ask('POST /v1/events', '/v1/events', {
      type: 'a.b',
      data: { n: 0.1, text: String.raw`\'` },
      key: String.raw`k\1`,
      tenant: 'T',
    })
  ).body.id
  await ask('POST /v1/events/batch', '/v1/events/batch', {
    events: [
      { type: 'b.a', data: { n: 0.1, text: String.raw`\'` }, key: String.raw`k\1` },
      { type: 'b.b', data: [] },
    ],
  })
  await api.worker.scheduled()
  await ask('GET /v1/events', `/v1/events?since=${new Date(Date.now() - 600_000).toISOString()}&type=a.b`)
  await ask('GET /v1/events/tail', '/v1/events/tail?wait_seconds=0')
  await ask('GET /v1/events/{id}', `/v1/events/${event}`)
  await ask('GET /v1/events/{id}/explain', `/v1/events/${event}/explain`)
  await ask('GET /v1/explain', '/v1/explain?table=orders&key=orders/1')
  await ask('GET /v1/event-types', '/v1/event-types')

  await ask('GET /v1/deliveries/tail', '/v1/deliveries/tail?wait_seconds=0')
  const [delivery] = (await ask('GET /v1/deliveries', `/v1/deliveries?event_id=${event}`)).body.data ?? []
  await ask('GET /v1/deliveries/{id}', `/v1/deliveries/${delivery?.id}`)
  await ask('POST /v1/deliveries/{id}/redeliver', `/v1/deliveries/${delivery?.id}/redeliver`)

  const laptop = (
    await ask('POST /v1/endpoints', '/v1/endpoints', {
      kind: 'pull',
      name: 'laptop',
      url: 'https://pull.invalid/',
      event_types: ['outbox.test'],
      sequence: true,
    })
  ).body.id
  await ask('POST /v1/endpoints/{id}/test', `/v1/endpoints/${laptop}/test`)
  const pulled = await ask('POST /v1/endpoints/{id}/pull', `/v1/endpoints/${laptop}/pull`, { holder: 'me' })
  const [held] = pulled.body.data ?? []
  await ask('POST /v1/deliveries/{id}/settle', `/v1/deliveries/${held?.id}/settle`, {
    lease: held?.lease,
    duration_ms: 1,
    status: 200,
  })

  await ask('GET /v1/endpoints/{id}/sequence', `/v1/endpoints/${laptop}/sequence?after=0`)
  const preview = await ask('POST /v1/deliveries/redeliver', '/v1/deliveries/redeliver', {
    filter: { type: 'a.b', since: '2026-01-01T00:00:00+05:45' },
    include_delivered: true,
    rate_per_second: third,
    dry_run: true,
  })
  await ask('POST /v1/deliveries/redeliver, started', '/v1/deliveries/redeliver', {
    token: preview.body.token,
  })
  const replay = (
    await ask('POST /v1/endpoints/{id}/replay', `/v1/endpoints/${endpoint}/replay`, {
      since: '2026-01-01T00:00:00+05:45',
      only: 'all',
      rate_per_second: third,
    })
  ).body.id
  await ask('GET /v1/replays', '/v1/replays')
  await ask('GET /v1/replays/{id}', `/v1/replays/${replay}`)
  await ask('POST /v1/replays/{id}/cancel', `/v1/replays/${replay}/cancel`)
  for (const action of ['pause', 'resume', 'disable'])
    await ask(`POST /v1/endpoints/{id}/${action}`, `/v1/endpoints/${endpoint}/${action}`)
  await ask('DELETE /v1/endpoints/{id}', `/v1/endpoints/${endpoint}`)

  await ask('GET /v1/stats', '/v1/stats')
  await ask('GET /v1/stats/series', '/v1/stats/series?bucket=5m')
  await ask('GET /v1/audit', '/v1/audit')
  const key = (await ask('POST /v1/keys', '/v1/keys', { name: 'ci', expires_at: '2999-01-01T00:00:00Z' }))
    .body
  await ask('GET /v1/keys', '/v1/keys')
  await ask('GET /v1/whoami', '/v1/whoami')
  await ask('DELETE /v1/keys/{id}', `/v1/keys/${key.id}`)
  await ask('GET /v1/listeners', '/v1/listeners')
  await ask('POST /v1/ring', '/v1/ring')
  await ask('POST /v1/console/links', '/v1/console/links')
  // A copy of another database, whose senders are held.
  await api.db.query(`insert into outbox.identity (facts, addresses, bound_by) values ('{"database": "0"}', '{elsewhere}', 'cron')
    on conflict (id) do update set facts = excluded.facts`)
  const system = (await ask('GET /v1/system', '/v1/system')).body
  await ask('POST /v1/system/adopt', '/v1/system/adopt', { as: 'new', facts: system.facts })
  await ask('GET /metrics', '/metrics')
  await ask('GET /v1/health/capture', '/v1/health/capture')
  await ask('GET /v1/health/secrets', '/v1/health/secrets')
  await ask('GET /healthz', '/healthz')
  await ask('POST /receivers/notifications', '/receivers/notifications', {})
  await ask('POST /receivers/billing', '/receivers/billing', {})
  await ask('POST /receivers/flaky', '/receivers/flaky', {})
  return visit
}

/** Values that no two visits have in common, by the name of their field. */
const varying = new Set([
  'facts',
  'addresses',
  'traceparent',
  'duration_ms',
  'oldest_pending_seconds',
  'oldest_seconds',
  'seconds',
  'mean_seconds',
  'p50_seconds',
  'p95_seconds',
  'p99_seconds',
  'value',
  'advice',
  'next_cursor',
  'webhook-signature',
  'webhook-timestamp',
])

/** Which bucket something fell into differs by when the visit was: the sums do not. */
function withoutBuckets(value: unknown, name = ''): unknown {
  if (name === 'times') return 'times'
  if (Array.isArray(value)) return value.reduce((sum, count) => sum + (count ?? 0), 0)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutBuckets(member, key)]))
}

function comparable(value: unknown, name = ''): unknown {
  if (value !== null && varying.has(name)) return typeof value
  if (typeof value === 'string') return comparableText(value)
  if (Array.isArray(value)) return value.map(element => comparable(element))
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, comparable(member, key)]))
}

function comparableText(text: string): string {
  return text
    .replace(/(?<=is watched since )\S+/, 'the template') // however old that is
    .replace(/^id: \S+$/gm, 'id: …') // where a tail is
    .replace(/^(outbox_\S+) \S+$/gm, '$1 …') // what is measured for Prometheus
    .replace(/\b(evt|ep|dlv|rpl|key|obk|prv)_[0-9a-f]+/g, '$1_…')
    .replace(/(?<=\/console\/link\?code=)[\w-]+/, '…')
    .replace(/(whsec|whpk)_[\w+/=]+/g, '$1_…')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'uuid')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)/g, relativeToNow)
}

/** A time of this visit is one of `now`, one a day away is `now + 24 h`; a time of long ago is itself. */
function relativeToNow(time: string): string {
  const minutes = (Date.parse(time) - Date.now()) / 60_000
  if (Math.abs(minutes) > 48 * 60) return time
  const digits = time.endsWith('Z') ? time.replace(/.*:\d\d/, '').replaceAll(/\d/g, '0') : ''
  return `now + ${Math.round(minutes / 15) / 4} h${digits}`.replace('+ -0', '+ 0')
}
