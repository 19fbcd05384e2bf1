// An order and its event, committed together or not at all: with Kysely.
import { Kysely, PostgresDialect } from 'kysely'
import { emit } from 'outbox'
import pg from 'pg'

interface Order {
  id: number
  status: string
}

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL })
const db = new Kysely<{ orders: Order }>({ dialect: new PostgresDialect({ pool }) })

const placeOrder = (order: Order, isInStock = true) =>
  db.transaction().execute(async trx => {
    await trx.insertInto('orders').values(order).execute()
    const eventId = await emit(trx, { type: 'order.placed', data: order, key: `orders/${order.id}` })
    if (!isInStock) throw new Error('out of stock')
    return eventId
  })

console.log('placed:', await placeOrder({ id: 1, status: 'new' }))
await placeOrder({ id: 2, status: 'new' }, false).catch(error => console.log('rolled back:', error.message))
await db.destroy()
