// GET /v1/stats: for dashboards, and for the first question at three in the morning.
import { OpenAPIHono } from '@hono/zod-openapi'
import { callerOf } from '../../access/caller.ts'
import { defineRoute } from '../../http/define-route.ts'
import { reply } from '../../http/reply.ts'
import { responses } from '../../openapi/schemas.ts'
import type { App } from '../../settings.ts'
import { readStats } from './read.ts'
import { Stats } from './schema.ts'

const getStats = defineRoute({
  method: 'get',
  path: '/v1/stats',
  operationId: 'getStats',
  summary: 'How many deliveries wait, are on their way, are dead, were delivered',
  access: { tenants: true },
  responses: responses(Stats, 'How things stand'),
})

export const stats = new OpenAPIHono<App>()

stats.openapi(getStats, async c => reply(await readStats(c.var.db, callerOf(c))))
