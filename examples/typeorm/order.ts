// An order and its event, committed together or not at all: with TypeORM.
import { emit } from 'outbox'
import { DataSource, EntitySchema } from 'typeorm'

interface Order {
  id: number
  status: string
}

const Order = new EntitySchema<Order>({
  name: 'orders',
  columns: { id: { type: Number, primary: true }, status: { type: String } },
})
const db = new DataSource({ type: 'postgres', url: process.env.DATABASE_URL, entities: [Order] })
await db.initialize()

const placeOrder = (order: Order, isInStock = true) =>
  db.transaction(async manager => {
    await manager.insert(Order, order)
    const eventId = await emit(manager, { type: 'order.placed', data: order, key: `orders/${order.id}` })
    if (!isInStock) throw new Error('out of stock')
    return eventId
  })

console.log('placed:', await placeOrder({ id: 1, status: 'new' }))
await placeOrder({ id: 2, status: 'new' }, false).catch(error => console.log('rolled back:', error.message))
await db.destroy()
