// Step 1 in real workerd: what the shop's orders accept, answer and refuse.
import { beforeAll, describe, expect, test } from 'vitest'
import { startNeonProxy } from '../../../dev/neon-proxy.ts'
import { atEnd } from '../../support/cleanup.ts'
import { startWorker } from '../../support/worker.ts'
import { type Answer, type Api, startApi } from '../api.ts'
import { fillShop } from './shop.ts'

let api: Api
beforeAll(async () => {
  api = await startApi()
  await fillShop(api.db)
})

const create = async (order: object = { client_id: 1 }) => (await api.post('/orders', order)).body
const bobsBackorder = async () => (await create({ client_id: 2, status: 'backorder' })).id
const eventsOf = async (id: number) =>
  (await api.db.query('select type, data from outbox.events where key = $1 order by id', [`orders/${id}`]))
    .rows

describe('creating an order', () => {
  test('answers 201 with the order and its items', async () => {
    const answer = await api.post('/orders', { client_id: 1, item_ids: [2, 1, 2] })
    expect(answer.status).toBe(201)
    expect(answer.body).toEqual({
      id: expect.any(Number),
      client_id: 1,
      status: 'created',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      updated_at: expect.any(String),
      items: [
        { id: 1, name: 'anvil' },
        { id: 2, name: 'feather' },
      ],
      charge: null,
    })
  })

  test('makes an event that lists the items', async () => {
    const { id } = await create({ client_id: 1, item_ids: [2, 1] })
    expect(await eventsOf(id)).toEqual([
      { type: 'order.created', data: expect.objectContaining({ order_id: id, item_ids: [1, 2] }) },
    ])
  })

  test('accepts any status', async () => {
    expect(await create({ client_id: 2, status: 'backorder' })).toMatchObject({
      status: 'backorder',
      items: [],
    })
  })

  test.each([
    ['an unknown client', { client_id: 99 }, 'client_id'],
    ["another client's item", { client_id: 1, item_ids: [1, 3] }, 'item_ids'],
    ['an item that does not exist', { client_id: 1, item_ids: [77] }, 'item_ids'],
    ['no client', { item_ids: [1] }, 'client_id'],
    ['an item id as text', { client_id: 1, item_ids: ['1'] }, 'item_ids.0'],
    ['a status we do not know', { client_id: 1, status: 'lost' }, 'status'],
    ['a field of the table', { client_id: 1, created_at: '2020-01-01' }, 'created_at'],
  ])('refuses %s and writes nothing', async (_, order, path) => {
    const count = async () => (await api.db.query('select count(*) from orders')).rows[0].count
    const before = await count()
    const answer = await api.post('/orders', order)
    expect(answer.status).toBe(400)
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toEqual([path])
    expect(await count()).toBe(before)
  })
})

describe.each([
  ['PATCH /orders/:id', (id: unknown, status: unknown) => api.patch(`/orders/${id}`, { status })],
  ['PATCH /orders/update', (id: unknown, status: unknown) => api.patch('/orders/update', { id, status })],
])('%s', (_, update) => {
  test('changes the status and answers with the order', async () => {
    const { id, created_at, updated_at } = await create()
    const answer = await update(id, 'shipped')
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({
      id,
      client_id: 1,
      status: 'shipped',
      created_at,
      updated_at: expect.any(String),
    })
    expect(answer.body.updated_at > updated_at).toBe(true)
    expect((await eventsOf(id)).map(event => event.type)).toEqual(['order.created', 'order.shipped'])
  })

  test('answers 200 to an unchanged status, and nothing happens', async () => {
    const { id, updated_at } = await create()
    const answer = await update(id, 'created')
    expect(answer).toMatchObject({ status: 200, body: { id, status: 'created', updated_at } })
    expect(await eventsOf(id)).toHaveLength(1)
  })

  test('answers 404 to an order that does not exist', async () => {
    expect(await update(424242, 'shipped')).toMatchObject({
      status: 404,
      body: { title: 'Not Found', detail: 'There is no order 424242.' },
    })
  })

  test.each([
    ['a status we do not know', 1, 'SHIPPED'],
    ['no status', 1, undefined],
    ['a number for a status', 1, 7],
    ['id 0', 0, 'shipped'],
    ['a negative id', -1, 'shipped'],
    ['half an id', 1.5, 'shipped'],
    ['an id no table can hold', '9223372036854775808', 'shipped'],
    ['a malformed id', 'x', 'shipped'],
  ])('answers 400 to %s', async (_case, id, status) => {
    expect((await update(id, status)).status).toBe(400)
  })
})

test('an id that exceeds a double stays exact when an order is created, changed and read', async () => {
  const [big, next] = ['9007199254740993', '9223372036854775807']
  await api.db.query('insert into orders (id, client_id) values ($1, 1), ($2, 1)', [big, next])
  const updated = await api.patch('/orders/update', `{"id": ${big}, "status": "shipped"}`)
  expect(updated.text).toContain(`"id":${big},`)
  expect((await api.get(`/orders/${big}`)).body).toMatchObject({ id: BigInt(big), status: 'shipped' })
  expect((await api.patch(`/orders/${next}`, { status: 'canceled' })).text).toContain(`"id":${next},`)
  // Its neighbour, to which a double would round it, is another order.
  expect((await api.get('/orders/9007199254740992')).status).toBe(404)
})

test('an update is one round trip to the database', async () => {
  const proxy = await startNeonProxy({ port: 0 })
  atEnd(() => proxy.stop())
  const worker = await startWorker({ ...api.database.env, NEON_PROXY: proxy.url })
  const { id } = await create()
  const before = { ...proxy.stats }
  const answer = await worker.fetch('/orders/update', {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id, status: 'shipped' }),
  })
  expect(answer.status).toBe(200)
  // The other statement of the batch sets the actor and the trace.
  expect(proxy.stats).toEqual({ requests: before.requests + 1, statements: before.statements + 2 })
})

describe('reading', () => {
  test('an order shows the charge it was billed', async () => {
    const { id } = await create()
    await api.db.query(
      `insert into charges (client_id, order_id, amount_cents, webhook_id) values (1, $1, 1250, 'evt_1')`,
      [id],
    )
    expect((await api.get(`/orders/${id}`)).body.charge).toEqual({
      amount_cents: 1250,
      created_at: expect.any(String),
    })
  })

  test('an unknown order is answered 404, a malformed id 400', async () => {
    expect((await api.get('/orders/424242')).status).toBe(404)
    expect((await api.get('/orders/abc')).status).toBe(400)
  })

  test('orders are listed newest first, page by page, each once', async () => {
    const { rows } = await api.db.query('select id::text from orders order by id desc')
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const page: Answer = await api.get(`/orders?limit=3${cursor ? `&cursor=${cursor}` : ''}`)
      seen.push(...page.body.data.map((order: { id: number | bigint }) => String(order.id)))
      cursor = page.body.next_cursor
    } while (cursor)
    expect(seen).toEqual(rows.map(row => row.id))
  })

  test('a new order does not shift the next page', async () => {
    const ofBob = '/orders?client_id=2&status=backorder&limit=1'
    const [older, newer] = [await bobsBackorder(), await bobsBackorder()]
    const first = await api.get(ofBob)
    await bobsBackorder()
    const second = await api.get(`${ofBob}&cursor=${first.body.next_cursor}`)
    expect([first.body.data[0].id, second.body.data[0].id]).toEqual([newer, older])
  })

  test('orders are filtered by status and client', async () => {
    await create({ client_id: 2, status: 'canceled' })
    const { body } = await api.get('/orders?status=canceled&client_id=2')
    expect(body.data).not.toHaveLength(0)
    expect(
      body.data.every(
        (o: { status: string; client_id: number }) => o.status === 'canceled' && o.client_id === 2,
      ),
    ).toBe(true)
  })

  test.each([
    'limit=0',
    'limit=201',
    'limit=ten',
    'status=lost',
    'client_id=x',
    'stauts=shipped',
    'cursor=%27%3B--',
  ])('a list refuses ?%s', async query => {
    const answer = await api.get(`/orders?${query}`)
    expect(answer.status).toBe(400)
    expect(answer.body.errors[0].path).toBe(query.split('=')[0])
  })

  test('a cursor of another list, of other filters or edited is refused', async () => {
    const { next_cursor } = (await api.get('/orders?limit=1')).body
    expect((await api.get(`/clients?limit=1&cursor=${next_cursor}`)).status).toBe(400)
    expect((await api.get(`/orders?limit=1&status=created&cursor=${next_cursor}`)).status).toBe(400)
    for (let at = 0; at < next_cursor.length; at++) {
      const edited =
        next_cursor.slice(0, at) + (next_cursor[at] === 'A' ? 'B' : 'A') + next_cursor.slice(at + 1)
      expect((await api.get(`/orders?limit=1&cursor=${edited}`)).status, edited).toBe(400)
    }
    expect((await api.get(`/orders?limit=2&cursor=${next_cursor}`)).status).toBe(200)
  })
})
