// GET /metrics: the gauges of the database for Prometheus, where no listener runs that it could ask. For operators: the
// numbers are of all tenants.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { defineRoute } from '../../http/define-route.ts'
import { plainText } from '../../http/reply.ts'
import { textResponses } from '../../openapi/schemas.ts'
import type { App } from '../../settings.ts'
import { expositionType } from './exposition.ts'
import { readSnapshot } from './snapshot.ts'

const getMetrics = defineRoute({
  method: 'get',
  path: '/metrics',
  operationId: 'getMetrics',
  summary: 'The gauges of the database for Prometheus, at most 15 seconds old',
  responses: textResponses(expositionType, z.string(), 'In the text format of Prometheus'),
})

export const metrics = new OpenAPIHono<App>()

metrics.openapi(getMetrics, async c =>
  plainText(await readSnapshot(c.var.db.run, c.var.settings), expositionType),
)
