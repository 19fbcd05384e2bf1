// GET /healthz, for load balancers and uptime checks: can this Worker reach its database, and by which driver? No other
// details, because anybody may ask.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { driverNames } from '../database/choose.ts'
import { defineRoute } from '../http/define-route.ts'
import { reply } from '../http/reply.ts'
import { responses } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'

const getHealth = defineRoute({
  method: 'get',
  path: '/healthz',
  summary: 'Is the service up?',
  access: { open: true },
  responses: responses(z.object({ status: z.literal('ok'), driver: z.enum(driverNames) }), 'It is'),
})

export const health = new OpenAPIHono<App>()

health.openapi(getHealth, async c => {
  await c.var.db.run({ name: 'health', text: 'select 1' }, []) // what it throws is answered with 503
  return reply({ status: 'ok', driver: c.var.settings.driver })
})
