// Step 2 on real Postgres: one event for each change that is committed, none for anything else, and nothing in an event can
// make the change fail.
import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'

describe('the trigger on orders', () => {
  test('writes an event for a new order and for each real change of status, with key, tenant and items', async () => {
    const client = await shop()
    await client.query(`insert into order_items (order_id, item_id) select 1, id from items`)
    await client.query(`update orders set status = 'shipped' where id = 1`)
    expect(await events(client)).toEqual([
      {
        type: 'order.created',
        key: 'orders/1',
        tenant: '7',
        data: { order_id: 1, client_id: 7, status: 'created', previous_status: null, item_ids: [] },
      },
      {
        type: 'order.shipped',
        key: 'orders/1',
        tenant: '7',
        data: { order_id: 1, client_id: 7, status: 'shipped', previous_status: 'created', item_ids: [1, 2] },
      },
    ])
  })

  test('writes nothing for an update that does not change the status', async () => {
    const client = await shop()
    await client.query(`update orders set status = status, created_at = now()`)
    expect(await events(client)).toHaveLength(1)
  })

  test('leaves no event of a change that is rolled back: all of it, down to a savepoint, or because the commit fails', async () => {
    const client = await shop()
    await client.query('begin')
    await client.query(`update orders set status = 'shipped'`)
    await client.query('rollback')

    await client.query('begin')
    await client.query(`update orders set status = 'backorder'`)
    await client.query('savepoint here')
    await client.query(`update orders set status = 'canceled'`)
    await client.query('rollback to here')
    await client.query('commit')

    await client.query('alter table order_items alter constraint order_items_item_id_items_id_fk deferrable')
    await client.query('begin')
    await client.query('set constraints all deferred')
    await client.query(`update orders set status = 'shipped'`)
    await client.query('insert into order_items (order_id, item_id) values (1, 999)')
    await expect(client.query('commit')).rejects.toMatchObject({ code: '23503' })

    expect((await events(client)).map(e => e.type)).toEqual(['order.created', 'order.backorder'])
    expect((await client.query('select count(*)::int as n from outbox.fanout')).rows[0].n).toBe(2)
  })

  test('writes one event for each row of one large statement', async () => {
    const client = await shop()
    await client.query('insert into orders (id, client_id) select id, 7 from generate_series(2, 5001) as id')
    await client.query(`update orders set status = 'shipped'`)
    const { rows } = await client.query(
      'select type, count(*)::int as n from outbox.events group by type order by type',
    )
    expect(rows).toEqual([
      { type: 'order.created', n: 5001 },
      { type: 'order.shipped', n: 5001 },
    ])
  })

  test('is quiet while history is loaded with outbox.capture off, and only in that transaction', async () => {
    const client = await shop()
    await client.query(
      `begin; set local outbox.capture = 'off'; update orders set status = 'shipped'; commit`,
    )
    await client.query(`update orders set status = 'canceled'`)
    expect((await events(client)).map(e => e.type)).toEqual(['order.created', 'order.canceled'])
  })

  test('survives ids larger than a JavaScript number', async () => {
    const client = await shop()
    await client.query(`insert into orders (id, client_id) values (9007199254740993, 7)`)
    const { rows } = await client.query(`select data::text, key from outbox.events order by id desc limit 1`)
    expect(rows[0].key).toBe('orders/9007199254740993')
    expect(rows[0].data).toContain('"order_id" : 9007199254740993')
  })
})

describe('outbox.emit', () => {
  test('returns the public id that the event is found under', async () => {
    const client = await shop()
    const { rows } = await client.query(
      `select outbox.emit('invoice.paid', '{"n": 12345678901234567890.10}', 'k', 't') as id`,
    )
    expect(rows[0].id).toMatch(/^evt_[0-9a-f]{24}$/)
    const found = await client.query(
      `select data::text from outbox.events where outbox.event_id(id, nonce) = $1`,
      [rows[0].id],
    )
    expect(found.rows).toEqual([{ data: '{"n": 12345678901234567890.10}' }])
  })

  test.each([
    ['a type with odd characters', `outbox.emit('bad type!..x', '{}')`, { type: 'bad_type_.x' }],
    ['an empty type', `outbox.emit('', '{}')`, { type: 'unnamed' }],
    ['a missing type', `outbox.emit(null, '{}')`, { type: 'unnamed' }],
    ['a very long type', `outbox.emit(repeat('a', 5000), '{}')`, { type: 'a'.repeat(100) }],
    ['missing data', `outbox.emit('a.b', null)`, { type: 'a.b', data: null }],
    ['a huge row', `outbox.emit('a.b', jsonb_build_object('note', repeat('x', 1000000)))`, { type: 'a.b' }],
  ])('never fails because of %s', async (_, call, expected) => {
    const client = await shop()
    await client.query(`select ${call}`)
    expect((await events(client)).at(-1)).toMatchObject(expected)
  })

  test('keeps keys that are too long for an index apart', async () => {
    const client = await shop()
    await client.query(
      `select outbox.emit('a.b', '{}', repeat('é', 100000)), outbox.emit('a.b', '{}', repeat('é', 100001))`,
    )
    const keys = (await events(client)).slice(-2).map(e => e.key!)
    expect(new Set(keys).size).toBe(2)
    expect(Math.max(...keys.map(key => Buffer.byteLength(key)))).toBeLessThanOrEqual(1000)
  })
})

async function shop(): Promise<pg.Client> {
  const client = await (await freshDatabase()).connect()
  await client.query(`insert into clients (id, name, email) values (7, 'Ada', 'ada@example.com')`)
  await client.query(`insert into items (id, client_id, name) values (1, 7, 'lamp'), (2, 7, 'vase')`)
  await client.query(`insert into orders (id, client_id) values (1, 7)`)
  return client
}

async function events(
  client: pg.Client,
): Promise<{ type: string; key: string | null; tenant: string | null; data: unknown }[]> {
  return (await client.query('select type, key, tenant, data from outbox.events order by id')).rows
}
