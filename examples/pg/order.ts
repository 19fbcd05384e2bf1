// An order and its event, committed together or not at all: with pg.
import { emit } from 'outbox'
import pg from 'pg'

const client = new pg.Client(process.env.DATABASE_URL)
await client.connect()

async function placeOrder(order: { id: number; status: string }, isInStock = true) {
  await client.query('begin')
  try {
    await client.query('insert into orders (id, status) values ($1, $2)', [order.id, order.status])
    const eventId = await emit(client, { type: 'order.placed', data: order, key: `orders/${order.id}` })
    if (!isInStock) throw new Error('out of stock')
    await client.query('commit')
    return eventId
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}

console.log('placed:', await placeOrder({ id: 1, status: 'new' }))
await placeOrder({ id: 2, status: 'new' }, false).catch(error => console.log('rolled back:', error.message))
await client.end()
