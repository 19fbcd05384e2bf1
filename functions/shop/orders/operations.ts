// Step 1 in the life of an event: an order changes. One statement each; nothing here knows about webhooks.
import { eq } from 'drizzle-orm'
import * as queries from '../../../drizzle/shop/queries.gen.ts'
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
  const { id, clientKnown, foreignItems } = await queries.createOrder(db.run, {
    clientId: client_id,
    status,
    itemIds: item_ids,
  })
  if (!clientKnown) return { kind: 'unknown client' }
  return id === null ? { kind: 'foreign items', ids: foreignItems } : { kind: 'created', id }
}

/** One round trip. The trigger decides whether the status has really changed. */
export async function changeStatus(db: Database, id: bigint, status: Status): Promise<Order | 'unknown'> {
  const [order] = await db.build('change_status', builder =>
    builder.update(orders).set({ status }).where(eq(orders.id, id)).returning(),
  )
  return order ? toOrder(order) : 'unknown'
}

// Next: drizzle/functions/capture_body.sql
