// GET /v1/deliveries/tail: each attempt once and none left out, however and whenever the transactions that record them commit.
import type pg from 'pg'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { addEndpoint, emit, endLeases, greedy, startTestListener, storeOn } from '../../support/outbox.ts'
import { startReceiver } from '../../support/receiver.ts'
import { failure, success } from '../../support/settlements.ts'
import { type Api, startApi } from '../api.ts'
import { untilReadable as readable, TailClient } from '../tail-client.ts'

let api: Api
let settlers: pg.Client[]
beforeAll(async () => {
  api = await startApi({ OUTBOX_API_KEYS: 'dev:admin:dev,reader:read:r,seven:read:k7:7' })
  settlers = await Promise.all([api.database.connect(), api.database.connect()])
})
beforeEach(async () => {
  await Promise.all(settlers.map(client => client.query('rollback')))
  await api.db.query(
    'truncate outbox.delivery_groups, outbox.delivery_rows, outbox.delivered_at_once, outbox.attempt_rows, outbox.fanout',
  )
  await untilReadable()
})

const untilReadable = () => readable(api.db)

interface Told {
  readonly event_id: string
  readonly delivery_id: string
  readonly number: number
  readonly error: string | null
  readonly state: string | null
}

class Client extends TailClient<Told> {
  constructor(query = '', key = 'dev') {
    super(api, `/v1/deliveries/tail?wait_seconds=0&${query}`, { key, see: told => told })
  }

  keys = () => this.seen.map(({ event_id, number, error }) => `${event_id}/${number} ${error ?? 'ok'}`)
}

const started = async (query = '', key = 'dev') => {
  const client = new Client(query, key)
  await client.connect()
  return client
}

let types = 0

/** Events of an endpoint of their own, leased to a sender that has not settled them. */
async function lease(count: number) {
  const type = `tailed_${++types}`
  await addEndpoint(api.db, { url: 'https://example.com/', event_types: [type] })
  const ids = await emit(api.db, count, { type })
  const { deliveries } = await storeOn(api.db).take(greedy(`sender:${Math.random()}`))
  expect(deliveries).toHaveLength(count)
  return { ids, deliveries }
}

type Deliveries = Awaited<ReturnType<typeof lease>>['deliveries']

function settlementOf(delivery: Deliveries[number], failed: boolean) {
  return failed
    ? failure(delivery, { retryInSeconds: 60, status: 500, error: 'bad_status' })
    : success(delivery)
}

const settle = (client: pg.Client, deliveries: Deliveries, failed = false) =>
  storeOn(client).settleIfLeased(deliveries.map(delivery => settlementOf(delivery, failed)))

test('begins with what is recorded from then on, and tells what came of each attempt', async () => {
  const { deliveries, ids } = await lease(3)
  await settle(api.db, deliveries.slice(0, 1))
  await untilReadable()
  const client = await started()
  await settle(api.db, deliveries.slice(1, 2))
  await settle(api.db, deliveries.slice(2), true)
  await untilReadable()
  await client.connect()
  expect(client.seen).toMatchObject([
    { event_id: ids[1], number: 1, error: null, response_status: 204, state: 'delivered', due_at: null },
    {
      event_id: ids[2],
      number: 1,
      error: 'bad_status',
      response_status: 500,
      state: 'pending',
      type: `tailed_${types}`,
    },
  ])
})

test('has what a transaction settles that was open when the tail began, and one that commits after later ones', async () => {
  const [early, late] = settlers as [pg.Client, pg.Client]
  const { deliveries, ids } = await lease(4)
  // Of one group, so that each waits for the row lock of the one before: these have rows of their own.
  const first = await lease(1)
  const second = await lease(1)
  await early.query('begin')
  await settle(early, first.deliveries)
  const client = await started()
  await late.query('begin')
  await settle(late, second.deliveries)
  await settle(api.db, deliveries)
  await client.connect()
  await early.query('commit')
  await client.connect()
  await late.query('commit')
  await untilReadable()
  await client.connect()
  expect(client.keys().toSorted()).toEqual(
    [...ids, ...first.ids, ...second.ids].map(id => `${id}/1 ok`).toSorted(),
  )
})

test('goes on after any message, each once: in the middle of what one transaction has recorded, too', async () => {
  const { deliveries, ids } = await lease(30)
  const client = await started()
  await settle(api.db, deliveries.slice(0, 20))
  await settle(api.db, deliveries.slice(20), true)
  await untilReadable()
  for (let read = 0; read < 12; read++) await client.connect(3)
  expect(client.keys().toSorted()).toEqual(
    ids.map((id, i) => `${id}/1 ${i < 20 ? 'ok' : 'bad_status'}`).toSorted(),
  )
})

test('an outcome that comes after its lease was lost takes the place of interrupted, and is told as well', async () => {
  const { deliveries, ids } = await lease(1)
  const client = await started()
  await endLeases(api.db)
  await storeOn(api.db).rescue(10, [5])
  await untilReadable()
  await client.connect()
  expect(client.keys()).toEqual([`${ids[0]}/1 interrupted`])
  // Half an hour later the sender wakes up, with what it had seen.
  await api.db.query(`update outbox.attempt_rows set started_at = now() - interval '30 minutes'`)
  await untilReadable()
  await client.connect()
  await settle(api.db, deliveries)
  await api.db.query(
    `update outbox.attempt_rows set started_at = now() - interval '30 minutes' where interrupted_at is not null`,
  )
  await untilReadable()
  await client.connect()
  expect(client.keys().at(-1)).toBe(`${ids[0]}/1 ok`)
})

test('what a frozen sender records late is told, however long ago it began: its lease says how far to look back', async () => {
  const { deliveries, ids } = await lease(2)
  // The lease has run out long ago, and nobody has taken it back yet.
  await api.db.query(`update outbox.delivery_groups set created_at = now() - interval '2 hours'`)
  const client = await started()
  for (let look = 0; look < 2; look++) {
    await untilReadable()
    await client.connect()
  }
  const store = storeOn(api.db)
  await store.settleIfLeased(
    deliveries.map(delivery => ({ ...settlementOf(delivery, false), startedAt: -3_600_000 })),
  )
  await untilReadable()
  await client.connect()
  expect(client.keys().toSorted()).toEqual(ids.map(id => `${id}/1 ok`).toSorted())
})

test('has everything that a listener sends, under load', async () => {
  const receiver = await startReceiver(({ nth, body }) =>
    JSON.parse(body.toString()).data.n % 5 === 0 && nth === 1 ? 503 : 200,
  )
  await addEndpoint(api.db, { url: receiver.url, event_types: ['loaded'], retry_schedule: [0.2, 0.2] })
  const client = await started()
  const listener = await startTestListener(api.database.url)
  const ids = await emit(api.db, 200, { type: 'loaded' })
  const all = ids.length + ids.length / 5
  await eventually(
    async () => {
      await client.connect()
      return client.seen.length >= all
    },
    { timeoutMs: 20_000 },
  )
  await listener.stop()
  await untilReadable()
  await client.connect()
  expect(client.seen).toHaveLength(all)
  expect(new Set(client.keys()).size).toBe(all)
  const { rows } = await api.db.query(
    'select count(*)::int as n from outbox.attempts a join outbox.events e on e.id = a.event_id where e.type = $1',
    ['loaded'],
  )
  expect(rows[0].n).toBe(all)
})

describe('shows', () => {
  test('what was filtered for', async () => {
    const clients = [
      await started('outcome=failed'),
      await started('outcome=delivered'),
      await started('error=bad_status'),
      await started('response_status=2xx'),
      await started('type=other'),
    ]
    const { deliveries } = await lease(2)
    await settle(api.db, deliveries.slice(0, 1))
    await settle(api.db, deliveries.slice(1), true)
    await untilReadable()
    for (const client of clients) await client.connect()
    expect(clients.map(client => client.seen.map(({ error }) => error))).toEqual([
      ['bad_status'],
      [null],
      ['bad_status'],
      [null],
      [],
    ])
  })

  test('a tenant its own, and nothing of what an address answered that could not be reached', async () => {
    const [tenants, all] = [await started('', 'k7'), await started()]
    await addEndpoint(api.db, { url: 'https://example.com/', event_types: ['tailed'], tenant: '7' })
    await api.db.query(
      `select outbox.emit('tailed', '{}', null, '7'), outbox.emit('tailed', '{}', null, '8')`,
    )
    await addEndpoint(api.db, { url: 'https://example.com/', event_types: ['tailed'] })
    await emit(api.db, 1, { type: 'tailed' })
    const { deliveries } = await storeOn(api.db).take(greedy('sender:t'))
    await storeOn(api.db).settleIfLeased(
      deliveries.map(delivery => ({ ...settlementOf(delivery, true), error: 'dns' as const, status: null })),
    )
    await untilReadable()
    await Promise.all([tenants.connect(), all.connect()])
    expect(all.seen.map(({ error }) => error)).toEqual(['dns', 'dns'])
    expect(tenants.seen).toMatchObject([
      { error: 'unreachable', duration_ms: null, response_status: null, tenant: '7' },
    ])
    const stolen = await api.get('/v1/deliveries/tail?wait_seconds=0', {
      headers: { 'last-event-id': all.lastId! },
      key: 'k7',
    })
    expect(stolen.status).toBe(400)
  })
})

test.each(['wait_seconds=21', 'outcome=all', 'response_status=6xx', 'endpoint_id=1', 'other=1'])(
  '?%s is refused',
  async query => {
    const answer = await api.get(`/v1/deliveries/tail?${query}`)
    expect(answer.body.errors[0].path).toBe(query.split('=')[0])
  },
)
