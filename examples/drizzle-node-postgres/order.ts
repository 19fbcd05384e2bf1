// An order and its event, committed together or not at all: with Drizzle on pg.
import { drizzle } from 'drizzle-orm/node-postgres'
import { integer, pgTable, text } from 'drizzle-orm/pg-core'
import { emit } from 'outbox'

const orders = pgTable('orders', { id: integer().primaryKey(), status: text().notNull() })
const db = drizzle(process.env.DATABASE_URL!)

const placeOrder = (order: { id: number; status: string }, isInStock = true) =>
  db.transaction(async tx => {
    await tx.insert(orders).values(order)
    const eventId = await emit(tx, { type: 'order.placed', data: order, key: `orders/${order.id}` })
    if (!isInStock) throw new Error('out of stock')
    return eventId
  })

console.log('placed:', await placeOrder({ id: 1, status: 'new' }))
await placeOrder({ id: 2, status: 'new' }, false).catch(error => console.log('rolled back:', error.message))
await db.$client.end()
