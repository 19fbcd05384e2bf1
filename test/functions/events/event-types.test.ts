// The catalogue is true: written events fit their published schema.
import { beforeAll, expect, test } from 'vitest'
import { type Api, startApi } from '../api.ts'
import { fillShop } from '../shop/shop.ts'

let api: Api
beforeAll(async () => {
  api = await startApi()
  await fillShop(api.db)
})
const typeNamed = async (type: string) =>
  (await api.get('/v1/event-types')).body.data.find((t: { type: string }) => t.type === type)

test("it lists the shop's types and the outbox's own", async () => {
  const { body } = await api.get('/v1/event-types')
  expect(body.data.map((t: { type: string }) => t.type)).toEqual([
    'order.backorder',
    'order.canceled',
    'order.created',
    'order.shipped',
    'outbox.backlog.growing',
    'outbox.capture.broken',
    'outbox.capture.failed',
    'outbox.delivery.dead',
    'outbox.endpoint.disabled',
    'outbox.endpoint.failing',
    'outbox.endpoint.recovered',
  ])
})

test("an order's event has the announced members, in the announced types", async () => {
  await api.db.query(`insert into orders (id, client_id) values (1, 1)`)
  const { schema, table, example } = await typeNamed('order.created')
  const { rows } = await api.db.query(`select data from outbox.events where type = 'order.created'`)
  expect(table).toBe('public.orders')
  expect(Object.keys(rows[0].data)).toEqual(schema.required)
  expect(Object.keys(example)).toEqual(schema.required)
  expect(schema.properties.status).toEqual({ enum: ['created', 'shipped', 'backorder', 'canceled', null] })
  expect(schema.properties.item_ids).toEqual({
    type: ['array', 'null'],
    items: { type: ['integer', 'null'], format: 'int64' },
  })
})

test('a table watched without options shows both rows of a change, if there are two', async () => {
  await api.db.query(`select outbox.watch('clients', except_columns => '{email}')`)
  const [created, updated, deleted] = await Promise.all(
    ['created', 'updated', 'deleted'].map(verb => typeNamed(`clients.${verb}`)),
  )
  expect(Object.keys(updated.schema.properties.new.properties)).toEqual(['id', 'name', 'created_at'])
  expect(updated.schema.properties.changed.type).toBe('array')
  expect([created.schema.properties.old, deleted.schema.properties.new]).toEqual([
    { type: 'null' },
    { type: 'null' },
  ])
  expect(created.example).toMatchObject({
    table: 'public.clients',
    operation: 'insert',
    old: null,
    changed: null,
  })
})
