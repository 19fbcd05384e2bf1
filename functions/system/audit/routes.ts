// GET /v1/audit: every change made through the API, with the key that made it. For operators, not for tenants.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { defineRoute } from '../../http/define-route.ts'
import { PageQuery, pageOf, replyPage } from '../../http/pagination.ts'
import { publicId, responses } from '../../openapi/schemas.ts'
import type { App } from '../../settings.ts'
import { listAudit, toEntry } from './read.ts'
import { Entry } from './schema.ts'

const getAudit = defineRoute({
  method: 'get',
  path: '/v1/audit',
  operationId: 'listAuditEntries',
  summary: 'Who changed what, newest first; for admin keys without a tenant',
  access: { scope: 'admin' },
  request: { query: z.strictObject({ endpoint_id: publicId('ep').optional(), ...PageQuery }) },
  responses: responses(pageOf(Entry), 'A page of changes'),
})

export const audit = new OpenAPIHono<App>()

audit.openapi(getAudit, c => {
  const { endpoint_id, ...page } = c.req.valid('query')
  return replyPage(c, page, {
    read: (after, limit) => listAudit(c.var.db, { endpoint: endpoint_id }, after?.[0], limit),
    positionOf: ({ entry }) => [entry.id],
    write: toEntry,
  })
})
