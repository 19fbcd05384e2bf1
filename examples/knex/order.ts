// An order and its event, committed together or not at all: with Knex.
import knex from 'knex'
import { emit } from 'outbox'

const db = knex({ client: 'pg', connection: process.env.DATABASE_URL })

const placeOrder = (order: { id: number; status: string }, isInStock = true) =>
  db.transaction(async trx => {
    await trx('orders').insert(order)
    const eventId = await emit(trx, { type: 'order.placed', data: order, key: `orders/${order.id}` })
    if (!isInStock) throw new Error('out of stock')
    return eventId
  })

console.log('placed:', await placeOrder({ id: 1, status: 'new' }))
await placeOrder({ id: 2, status: 'new' }, false).catch(error => console.log('rolled back:', error.message))
await db.destroy()
