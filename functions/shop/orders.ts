// Stop 1 of an event's road: the shop's orders. An update is one UPDATE; nothing here knows about webhooks.
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { and, asc, desc, eq, lt } from 'drizzle-orm'
import { createOrder } from '../../drizzle/shop/queries.gen.ts'
import { charges, items, orderItems, orderStatus, orders as orderTable } from '../../drizzle/shop/schema.ts'
import type { Database } from '../db.ts'
import { PageQuery, pageOf, replyPage } from '../http/pagination.ts'
import { badInput, problem } from '../http/problem.ts'
import { type Reply, reply } from '../http/reply.ts'
import { body, Int64, RowId, RowIdText, responses, Time } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'

const Status = z.enum(orderStatus.enumValues)

const Order = z
  .object({ id: Int64, client_id: Int64, status: Status, created_at: Time, updated_at: Time })
  .openapi('Order')

const OrderWithItems = Order.extend({
  items: z.array(z.object({ id: Int64, name: z.string() })),
  charge: z.object({ amount_cents: Int64, created_at: Time }).nullable(),
}).openapi('OrderWithItems')

const NewOrder = z
  .strictObject({
    client_id: RowId,
    item_ids: z.array(RowId).max(100, 'must not have more than 100').default([]),
    status: Status.default('created'),
  })
  .openapi('NewOrder')

const inPath = z.object({ id: RowIdText })

const listOrders = createRoute({
  method: 'get',
  path: '/orders',
  summary: 'List orders, newest first',
  request: {
    query: z.strictObject({ status: Status.optional(), client_id: RowIdText.optional(), ...PageQuery }),
  },
  responses: responses(pageOf(Order), 'A page of orders'),
})

const readOrder = createRoute({
  method: 'get',
  path: '/orders/{id}',
  summary: 'Read an order with its items and its charge',
  request: { params: inPath },
  responses: responses(OrderWithItems, 'The order'),
})

const postOrder = createRoute({
  method: 'post',
  path: '/orders',
  summary: 'Create an order',
  request: { body: body(NewOrder) },
  responses: responses(OrderWithItems, 'The new order', 201),
})

const updateOrder = createRoute({
  method: 'patch',
  path: '/orders/update',
  summary: 'Change the status of the order that the body names',
  request: { body: body(z.strictObject({ id: RowId, status: Status })) },
  responses: responses(Order, 'The order'),
})

const patchOrder = createRoute({
  method: 'patch',
  path: '/orders/{id}',
  summary: 'Change the status of an order',
  request: { params: inPath, body: body(z.strictObject({ status: Status })) },
  responses: responses(Order, 'The order'),
})

export const orders = new OpenAPIHono<App>()

orders.openapi(listOrders, c => {
  const { status, client_id, ...page } = c.req.valid('query')
  return replyPage(c, page, {
    read: (after, limit) =>
      c.var.db.build('list_orders', builder =>
        builder
          .select()
          .from(orderTable)
          .where(
            and(
              status && eq(orderTable.status, status),
              client_id === undefined ? undefined : eq(orderTable.client_id, client_id),
              after ? lt(orderTable.id, after[0]!) : undefined,
            ),
          )
          .orderBy(desc(orderTable.id))
          .limit(limit),
      ),
    positionOf: order => [order.id],
    write: toOrder,
  })
})

orders.openapi(readOrder, async c => {
  const { id } = c.req.valid('param')
  const order = await findOrder(c.var.db, id)
  return order ? reply(order) : unknownOrder(id)
})

orders.openapi(postOrder, async c => {
  const { client_id, item_ids, status } = c.req.valid('json')
  const { id, clientKnown, foreignItems } = await createOrder(c.var.db.run, {
    clientId: client_id,
    status,
    itemIds: item_ids,
  })
  if (!clientKnown) return badInput({ path: 'client_id', message: 'is not a client' })
  if (id === null) {
    return badInput({ path: 'item_ids', message: `not this client's: ${foreignItems.join(', ')}` })
  }
  return reply((await findOrder(c.var.db, id))!, 201)
})

orders.openapi(updateOrder, c => {
  const { id, status } = c.req.valid('json')
  return changeStatus(c.var.db, id, status)
})

orders.openapi(patchOrder, c => changeStatus(c.var.db, c.req.valid('param').id, c.req.valid('json').status))

/** One round trip. Whether the status really changed is the trigger's business (drizzle/migrations): stop 2. */
async function changeStatus(db: Database, id: bigint, status: z.infer<typeof Status>): Promise<Reply> {
  const [order] = await db.build('change_status', builder =>
    builder.update(orderTable).set({ status }).where(eq(orderTable.id, id)).returning(),
  )
  return order ? reply(toOrder(order)) : unknownOrder(id)
}

async function findOrder(db: Database, id: bigint): Promise<z.infer<typeof OrderWithItems> | null> {
  const [[order], itemsOfOrder, [charge]] = await db.build('read_order', builder =>
    builder.batch([
      builder.select().from(orderTable).where(eq(orderTable.id, id)),
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

function toOrder(row: typeof orderTable.$inferSelect): z.infer<typeof Order> {
  return { ...row, created_at: row.created_at.toISOString(), updated_at: row.updated_at.toISOString() }
}

const unknownOrder = (id: bigint) => problem(404, `There is no order ${id}.`)
