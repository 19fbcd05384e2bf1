// Orders as clients of the API see them.
import { z } from '@hono/zod-openapi'
import { orderStatus } from '../../../drizzle/shop/schema.ts'
import { Int64, RowId, Time } from '../../openapi/schemas.ts'

export const Status = z.enum(orderStatus.enumValues)
export type Status = z.infer<typeof Status>

export const Order = z
  .object({ id: Int64, client_id: Int64, status: Status, created_at: Time, updated_at: Time })
  .openapi('Order')
export type Order = z.infer<typeof Order>

export const OrderWithItems = Order.extend({
  items: z.array(z.object({ id: Int64, name: z.string() })),
  charge: z.object({ amount_cents: Int64, created_at: Time }).nullable(),
}).openapi('OrderWithItems')
export type OrderWithItems = z.infer<typeof OrderWithItems>

export const NewOrder = z
  .strictObject({
    client_id: RowId,
    item_ids: z.array(RowId).max(100, 'must not have more than 100').default([]),
    status: Status.default('created'),
  })
  .openapi('NewOrder')
export type NewOrder = z.infer<typeof NewOrder>
