// The shop's orders over HTTP: list, read, create, change the status.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { defineRoute } from '../../http/define-route.ts'
import { PageQuery, pageOf, replyPage } from '../../http/pagination.ts'
import { badInput, problem } from '../../http/problem.ts'
import { type Reply, reply } from '../../http/reply.ts'
import { body, RowId, RowIdText, responses } from '../../openapi/schemas.ts'
import type { App } from '../../settings.ts'
import { shopAccess } from '../access.ts'
import { changeStatus, createOrder } from './operations.ts'
import { findOrder, listOrders, toOrder } from './read.ts'
import { NewOrder, Order, OrderWithItems, Status } from './schema.ts'

const inPath = z.object({ id: RowIdText })

/** What it is shown with first: the change that makes most webhooks. */
const NewStatus = Status.openapi({ example: 'shipped' })

const getOrders = defineRoute({
  method: 'get',
  path: '/orders',
  operationId: 'listOrders',
  summary: 'List orders, newest first',
  access: shopAccess,
  request: {
    query: z.strictObject({ status: Status.optional(), client_id: RowIdText.optional(), ...PageQuery }),
  },
  responses: responses(pageOf(Order), 'A page of orders'),
})

const getOrder = defineRoute({
  method: 'get',
  path: '/orders/{id}',
  operationId: 'getOrder',
  summary: 'Read an order with its items and its charge',
  access: shopAccess,
  request: { params: inPath },
  responses: responses(OrderWithItems, 'The order'),
})

const postOrder = defineRoute({
  method: 'post',
  path: '/orders',
  operationId: 'createOrder',
  summary: 'Create an order',
  access: shopAccess,
  request: { body: body(NewOrder) },
  responses: responses(OrderWithItems, 'The new order', 201),
})

const patchOrders = defineRoute({
  method: 'patch',
  path: '/orders/update',
  operationId: 'updateNamedOrder',
  summary: 'Change the status of the order that the body names',
  access: shopAccess,
  request: { body: body(z.strictObject({ id: RowId, status: NewStatus })) },
  responses: responses(Order, 'The order'),
})

const patchOrder = defineRoute({
  method: 'patch',
  path: '/orders/{id}',
  operationId: 'updateOrder',
  summary: 'Change the status of an order',
  access: shopAccess,
  request: { params: inPath, body: body(z.strictObject({ status: NewStatus })) },
  responses: responses(Order, 'The order'),
})

export const orders = new OpenAPIHono<App>()

orders.openapi(getOrders, c => {
  const { status, client_id, ...page } = c.req.valid('query')
  return replyPage(c, page, {
    read: (after, limit) => listOrders(c.var.db, { status, client_id }, after?.[0], limit),
    positionOf: order => [order.id],
    write: toOrder,
  })
})

orders.openapi(getOrder, async c => {
  const { id } = c.req.valid('param')
  const order = await findOrder(c.var.db, id)
  return order ? reply(order) : unknownOrder(id)
})

orders.openapi(postOrder, async c => {
  const created = await createOrder(c.var.db, c.req.valid('json'))
  switch (created.kind) {
    case 'created':
      return reply((await findOrder(c.var.db, created.id))!, 201)
    case 'unknown client':
      return badInput({ path: 'client_id', message: 'is not a client' })
    case 'foreign items':
      return badInput({ path: 'item_ids', message: `not this client's: ${created.ids.join(', ')}` })
  }
})

orders.openapi(patchOrders, async c => {
  const { id, status } = c.req.valid('json')
  return replyChanged(id, await changeStatus(c.var.db, id, status))
})

orders.openapi(patchOrder, async c => {
  const { id } = c.req.valid('param')
  return replyChanged(id, await changeStatus(c.var.db, id, c.req.valid('json').status))
})

const replyChanged = (id: bigint, changed: Order | 'unknown'): Reply =>
  changed === 'unknown' ? unknownOrder(id) : reply(changed)

const unknownOrder = (id: bigint) => problem(404, `There is no order ${id}.`)
