// A small shop: two clients, and fees that add up to different sums.
import type pg from 'pg'

/**
 * Client 1, Ada: items 1 (heavy 200, fragile 50) and 2 (no fee), fulfilment 1000.
 * Client 2, Bob: item 3 (large 7000), fulfilment 500.
 */
export async function fillShop(db: pg.Client): Promise<void> {
  await db.query(
    `insert into clients (id, name, email) values (1, 'Ada', 'ada@example.com'), (2, 'Bob', 'bob@example.com')`,
  )
  await db.query(
    `insert into items (id, client_id, name) values (1, 1, 'anvil'), (2, 1, 'feather'), (3, 2, 'wardrobe')`,
  )
  await db.query(`insert into fulfillment_fees (client_id, amount_cents) values (1, 1000), (2, 500)`)
  await db.query(
    `insert into item_fees (item_id, kind, amount_cents)
     values (1, 'heavy item', 200), (1, 'fragile item', 50), (3, 'large item', 7000)`,
  )
}
