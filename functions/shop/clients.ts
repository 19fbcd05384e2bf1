// The shop's clients, and what they were charged.
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { and, desc, eq, lt } from 'drizzle-orm'
import { charges, clients as clientTable } from '../../drizzle/shop/schema.ts'
import { PageQuery, pageOf, replyPage } from '../http/pagination.ts'
import { problem } from '../http/problem.ts'
import { Int64, RowIdText, responses, Time } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'

const Client = z
  .object({ id: Int64, name: z.string(), email: z.string(), created_at: Time })
  .openapi('Client')

const Charge = z
  .object({ id: Int64, client_id: Int64, order_id: Int64, amount_cents: Int64, created_at: Time })
  .openapi('Charge')

const listClients = createRoute({
  method: 'get',
  path: '/clients',
  summary: 'List clients, newest first',
  request: { query: z.strictObject(PageQuery) },
  responses: responses(pageOf(Client), 'A page of clients'),
})

const listCharges = createRoute({
  method: 'get',
  path: '/clients/{id}/charges',
  summary: "List a client's charges, newest first",
  request: { params: z.object({ id: RowIdText }), query: z.strictObject(PageQuery) },
  responses: responses(pageOf(Charge), 'A page of charges'),
})

export const clients = new OpenAPIHono<App>()

clients.openapi(listClients, c =>
  replyPage(c, c.req.valid('query'), {
    read: (after, limit) =>
      c.var.db.build('list_clients', builder =>
        builder
          .select()
          .from(clientTable)
          .where(after ? lt(clientTable.id, after[0]!) : undefined)
          .orderBy(desc(clientTable.id))
          .limit(limit),
      ),
    positionOf: client => [client.id],
    write: toClient,
  }),
)

clients.openapi(listCharges, async c => {
  const { id } = c.req.valid('param')
  const [client] = await c.var.db.build('read_client', builder =>
    builder.select({ id: clientTable.id }).from(clientTable).where(eq(clientTable.id, id)),
  )
  if (!client) return problem(404, `There is no client ${id}.`)
  return replyPage(c, c.req.valid('query'), {
    read: (after, limit) =>
      c.var.db.build('list_charges', builder =>
        builder
          .select()
          .from(charges)
          .where(and(eq(charges.client_id, id), after ? lt(charges.id, after[0]!) : undefined))
          .orderBy(desc(charges.id))
          .limit(limit),
      ),
    positionOf: charge => [charge.id],
    write: toCharge,
  })
})

function toClient({ id, name, email, created_at }: typeof clientTable.$inferSelect): z.infer<typeof Client> {
  return { id, name, email, created_at: created_at.toISOString() }
}

function toCharge(row: typeof charges.$inferSelect): z.infer<typeof Charge> {
  const { id, client_id, order_id, amount_cents, created_at } = row
  return { id, client_id, order_id, amount_cents, created_at: created_at.toISOString() }
}
