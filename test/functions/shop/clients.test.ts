// The shop's clients in real workerd.
import { beforeAll, expect, test } from 'vitest'
import { type Api, startApi } from '../api.ts'
import { fillShop } from './shop.ts'

let api: Api
beforeAll(async () => {
  api = await startApi()
  await fillShop(api.db)
})

test('clients are listed newest first', async () => {
  expect((await api.get('/clients')).body).toEqual({
    data: [
      { id: 2, name: 'Bob', email: 'bob@example.com', created_at: expect.any(String) },
      { id: 1, name: 'Ada', email: 'ada@example.com', created_at: expect.any(String) },
    ],
    next_cursor: null,
  })
})

test("a client's charges are its own, paged, with exact amounts", async () => {
  await api.db.query('insert into orders (id, client_id) values (7, 2), (8, 2), (9, 1)')
  await api.db.query(
    `insert into charges (client_id, order_id, amount_cents, webhook_id)
     values (2, 7, 500, 'evt_7'), (2, 8, 9007199254740993, 'evt_8'), (1, 9, 1, 'evt_9')`,
  )
  const first = await api.get('/clients/2/charges?limit=1')
  expect(first.body.data).toEqual([
    {
      id: expect.any(Number),
      client_id: 2,
      order_id: 8,
      amount_cents: 9007199254740993n,
      created_at: expect.any(String),
    },
  ])
  const second = await api.get(`/clients/2/charges?limit=1&cursor=${first.body.next_cursor}`)
  expect(second.body).toMatchObject({ data: [{ order_id: 7, amount_cents: 500 }], next_cursor: null })
})

test('the charges of an unknown client are answered 404', async () => {
  expect((await api.get('/clients/99/charges')).status).toBe(404)
})
