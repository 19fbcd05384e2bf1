// The example shop: what an application's own tables look like. It knows nothing about webhooks;
// the watch on `orders` (drizzle/shop/functions/watch_orders.sql) is the only link to the outbox.
import { sql } from 'drizzle-orm'
import {
  bigint,
  check,
  index,
  pgEnum,
  pgTable,
  primaryKey,
  text,
  timestamp,
  unique,
} from 'drizzle-orm/pg-core'

const id = () => bigint({ mode: 'bigint' }).primaryKey().generatedByDefaultAsIdentity()
const ref = () => bigint({ mode: 'bigint' }).notNull()
const createdAt = () => timestamp({ withTimezone: true }).notNull().defaultNow()
/** Money is a whole number of cents, so that sums are exact. */
const amountCents = () => bigint({ mode: 'bigint' }).notNull()

export const orderStatus = pgEnum('order_status', ['created', 'shipped', 'backorder', 'canceled'])
export const itemFeeKind = pgEnum('item_fee_kind', ['heavy item', 'large item', 'fragile item'])

export const clients = pgTable('clients', {
  id: id(),
  name: text().notNull(),
  email: text().notNull(),
  created_at: createdAt(),
})

export const orders = pgTable(
  'orders',
  {
    id: id(),
    client_id: ref().references(() => clients.id),
    status: orderStatus().notNull().default('created'),
    created_at: createdAt(),
    updated_at: createdAt(),
  },
  t => [index('orders_by_client').on(t.client_id, t.id), index('orders_by_status').on(t.status, t.id)],
)

export const items = pgTable(
  'items',
  {
    id: id(),
    client_id: ref().references(() => clients.id),
    name: text().notNull(),
    created_at: createdAt(),
  },
  t => [index('items_by_client').on(t.client_id)],
)

export const orderItems = pgTable(
  'order_items',
  { order_id: ref().references(() => orders.id), item_id: ref().references(() => items.id) },
  t => [primaryKey({ columns: [t.order_id, t.item_id] }), index('order_items_by_item').on(t.item_id)],
)

/** What a client pays for each order that is shipped. */
export const fulfillmentFees = pgTable(
  'fulfillment_fees',
  { id: id(), client_id: ref().references(() => clients.id), amount_cents: amountCents() },
  t => [
    unique('fulfillment_fees_one_per_client').on(t.client_id),
    check('fulfillment_fees_amount', sql`${t.amount_cents} >= 0`),
  ],
)

/** What a client pays on top for an item that is hard to ship. */
export const itemFees = pgTable(
  'item_fees',
  {
    id: id(),
    item_id: ref().references(() => items.id),
    kind: itemFeeKind().notNull(),
    amount_cents: amountCents(),
  },
  t => [
    unique('item_fees_one_per_kind').on(t.item_id, t.kind),
    check('item_fees_amount', sql`${t.amount_cents} >= 0`),
  ],
)

/** Written by the billing receiver: an order is billed once, when it ships. */
export const charges = pgTable(
  'charges',
  {
    id: id(),
    client_id: ref().references(() => clients.id),
    order_id: ref().references(() => orders.id),
    amount_cents: amountCents(),
    webhook_id: text().notNull(),
    created_at: createdAt(),
  },
  t => [
    unique('charges_one_per_order').on(t.order_id),
    index('charges_by_client').on(t.client_id, t.id),
    check('charges_amount', sql`${t.amount_cents} >= 0`),
  ],
)

/** Written by the notifications receiver: the message a client would be sent. */
export const notifications = pgTable(
  'notifications',
  {
    id: id(),
    client_id: ref().references(() => clients.id),
    order_id: ref().references(() => orders.id),
    message: text().notNull(),
    webhook_id: text().notNull(),
    created_at: createdAt(),
  },
  t => [index('notifications_by_order').on(t.order_id, t.id)],
)

/** How a receiver drops repeats: it handles a webhook only if it could insert this row. */
export const webhookReceipts = pgTable(
  'webhook_receipts',
  { receiver: text().notNull(), webhook_id: text().notNull(), received_at: createdAt() },
  t => [primaryKey({ columns: [t.receiver, t.webhook_id] })],
)

/** The numbered files of drizzle/shop/migrations, each applied once: an application keeps its own journal. */
export const shopMigrations = pgTable('shop_migrations', {
  name: text().primaryKey(),
  applied_at: createdAt(),
})
