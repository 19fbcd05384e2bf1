// Step 1 in the life of an event: an order changes. One statement each; nothing here knows about webhooks.
import { eq } from 'drizzle-orm'
import { createOrder as createOrderStatement } from '../../../drizzle/shop/queries.gen.ts'
import { orders } from '../../../drizzle/shop/schema.ts'
import type { Database } from '../../db.ts'
import { toOrder } from './read.ts'
import type { NewOrder, Order, Status } from './schema.ts'

export type Created =
  | { readonly kind: 'created'; readonly id: bigint }
  | { readonly kind: 'unknown client' }
  /** These items do not belong to the client. */
  | { readonly kind: 'foreign items'; readonly ids: readonly string[] }

export async function createOrder(db: Database, { client_id, item_ids, status }: NewOrder): Promise<Created> {
  const statement = { name: 'create_order', text: createOrderStatement }
  const [row] = await db.run(statement, [client_id, status, item_ids])
  const [id, clientKnown, foreignItems] = row as [string | null, boolean, string[]]
  if (!clientKnown) return { kind: 'unknown client' }
  return id === null ? { kind: 'foreign items', ids: foreignItems } : { kind: 'created', id: BigInt(id) }
}

/** One round trip. The trigger decides whether the status has really changed. */
export async function changeStatus(db: Database, id: bigint, status: Status): Promise<Order | 'unknown'> {
  const [order] = await db.build('change_status', builder =>
    builder.update(orders).set({ status }).where(eq(orders.id, id)).returning(),
  )
  return order ? toOrder(order) : 'unknown'
}

// Next: drizzle/functions/capture_body.sql
