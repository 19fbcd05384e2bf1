// The example data follows the shop's rules, is the same every time, and makes no events.
import { expect, test } from 'vitest'
import { seed } from '../../dev/shop/seed.ts'
import { shop } from '../../dev/shop/shop.ts'
import { freshDatabase } from '../support/database.ts'

const everything = `select
  (select json_agg(o order by id) from orders o) as orders,
  (select json_agg(i order by order_id, item_id) from order_items i) as order_items,
  (select json_agg(f order by id) from item_fees f) as item_fees`

test('the example shop has the promised size', async () => {
  const db = await (await freshDatabase({ seeded: true })).connect()
  const { rows } = await db.query(`select
    (select count(*)::int from clients) as clients,
    (select count(*)::int from orders where status = 'created') as created,
    (select count(*)::int from fulfillment_fees) as fulfillment_fees,
    (select array_agg(distinct n) from (select count(*)::int as n from items group by client_id) _) as items_per_client,
    (select array_agg(distinct n order by n) from (select count(*)::int as n from order_items group by order_id) _) as items_per_order,
    (select count(distinct item_id) from item_fees) between 1 and 99 as only_some_items_cost_extra`)
  expect(rows[0]).toEqual({
    clients: 10,
    created: 1000,
    fulfillment_fees: 10,
    items_per_client: [10],
    items_per_order: [1, 2, 3, 4, 5],
    only_some_items_cost_extra: true,
  })
})

test('an order of the example shop has only items of its own client', async () => {
  const db = await (await freshDatabase({ seeded: true })).connect()
  const strangers = `select from order_items join orders o on o.id = order_id join items i on i.id = item_id
                     where o.client_id <> i.client_id`
  expect((await db.query(strangers)).rowCount).toBe(0)
})

test('seeding makes no events, and later orders get new ids', async () => {
  const db = await (await freshDatabase({ seeded: true })).connect()
  expect((await db.query('select from outbox.events')).rowCount).toBe(0)
  const { rows } = await db.query('insert into orders (client_id) values (1) returning id')
  expect(rows).toEqual([{ id: '1001' }])
  expect((await db.query('select type from outbox.events')).rows).toEqual([{ type: 'order.created' }])
})

test('seeding again changes nothing, even after orders have changed', async () => {
  const database = await freshDatabase({ seeded: true })
  const db = await database.connect()
  await db.query(`update orders set status = 'shipped' where id = 7`)
  await db.query('delete from order_items where order_id = 8')
  const before = await db.query(everything)
  expect(await seed(database.url)).toBe(false)
  expect((await db.query(everything)).rows).toEqual(before.rows)
})

test('two concurrent seeds fill an empty shop once', async () => {
  const { url } = await freshDatabase()
  expect((await Promise.all([seed(url), seed(url)])).sort()).toEqual([false, true])
})

test('the same number gives the same shop, and another number gives another', () => {
  expect(shop(1)).toEqual(shop(1))
  expect(shop(2)).not.toEqual(shop(1))
})
