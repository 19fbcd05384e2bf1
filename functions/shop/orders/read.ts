// Orders from the database: a page of them, or one with its items and its charge.
import { and, asc, desc, eq, lt } from 'drizzle-orm'
import { charges, items, orderItems, orders } from '../../../drizzle/shop/schema.ts'
import type { Database } from '../../db.ts'
import type { Order, OrderWithItems, Status } from './schema.ts'

export interface OrderFilter {
  readonly status?: Status | undefined
  readonly client_id?: bigint | undefined
}

/** Newest first. `before` is the last id of the page before. */
export function listOrders(
  db: Database,
  { status, client_id }: OrderFilter,
  before: bigint | undefined,
  limit: number,
) {
  return db.build('list_orders', builder =>
    builder
      .select()
      .from(orders)
      .where(
        and(
          status && eq(orders.status, status),
          client_id === undefined ? undefined : eq(orders.client_id, client_id),
          before === undefined ? undefined : lt(orders.id, before),
        ),
      )
      .orderBy(desc(orders.id))
      .limit(limit),
  )
}

export async function findOrder(db: Database, id: bigint): Promise<OrderWithItems | null> {
  const [[order], itemsOfOrder, [charge]] = await db.build('read_order', builder =>
    builder.batch([
      builder.select().from(orders).where(eq(orders.id, id)),
      builder
        .select({ id: items.id, name: items.name })
        .from(orderItems)
        .innerJoin(items, eq(items.id, orderItems.item_id))
        .where(eq(orderItems.order_id, id))
        .orderBy(asc(items.id)),
      builder.select().from(charges).where(eq(charges.order_id, id)),
    ]),
  )
  if (!order) return null
  return {
    ...toOrder(order),
    items: itemsOfOrder,
    charge: charge
      ? { amount_cents: charge.amount_cents, created_at: charge.created_at.toISOString() }
      : null,
  }
}

export function toOrder(row: typeof orders.$inferSelect): Order {
  return { ...row, created_at: row.created_at.toISOString(), updated_at: row.updated_at.toISOString() }
}
