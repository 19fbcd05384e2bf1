// The shop's clients over HTTP, and what they were charged.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { defineRoute } from '../../http/define-route.ts'
import { PageQuery, pageOf, replyPage } from '../../http/pagination.ts'
import { problem } from '../../http/problem.ts'
import { RowIdText, responses } from '../../openapi/schemas.ts'
import type { App } from '../../settings.ts'
import { shopAccess } from '../access.ts'
import { isClient, listCharges, listClients, toCharge, toClient } from './read.ts'
import { Charge, Client } from './schema.ts'

const getClients = defineRoute({
  method: 'get',
  path: '/clients',
  operationId: 'listClients',
  summary: 'List clients, newest first',
  access: shopAccess,
  request: { query: z.strictObject(PageQuery) },
  responses: responses(pageOf(Client), 'A page of clients'),
})

const getCharges = defineRoute({
  method: 'get',
  path: '/clients/{id}/charges',
  operationId: 'listCharges',
  summary: "List a client's charges, newest first",
  access: shopAccess,
  request: { params: z.object({ id: RowIdText }), query: z.strictObject(PageQuery) },
  responses: responses(pageOf(Charge), 'A page of charges'),
})

export const clients = new OpenAPIHono<App>()

clients.openapi(getClients, c =>
  replyPage(c, c.req.valid('query'), {
    read: (after, limit) => listClients(c.var.db, after?.[0], limit),
    positionOf: client => [client.id],
    write: toClient,
  }),
)

clients.openapi(getCharges, async c => {
  const { id } = c.req.valid('param')
  if (!(await isClient(c.var.db, id))) return problem(404, `There is no client ${id}.`)
  return replyPage(c, c.req.valid('query'), {
    read: (after, limit) => listCharges(c.var.db, id, after?.[0], limit),
    positionOf: charge => [charge.id],
    write: toCharge,
  })
})
