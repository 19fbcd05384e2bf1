// An order and its event, committed together or not at all: with Prisma.
import { PrismaPg } from '@prisma/adapter-pg'
import { emit } from 'outbox'
import { PrismaClient } from './generated/client.ts'

const adapter = new PrismaPg({ connectionString: process.env.DATABASE_URL })
const prisma = new PrismaClient({ adapter })

const placeOrder = (order: { id: number; status: string }, isInStock = true) =>
  prisma.$transaction(async tx => {
    await tx.order.create({ data: order })
    const eventId = await emit(tx, { type: 'order.placed', data: order, key: `orders/${order.id}` })
    if (!isInStock) throw new Error('out of stock')
    return eventId
  })

console.log('placed:', await placeOrder({ id: 1, status: 'new' }))
await placeOrder({ id: 2, status: 'new' }, false).catch(error => console.log('rolled back:', error.message))
await prisma.$disconnect()
