// GET /healthz, for load balancers and uptime checks: can this Worker reach its database, by which driver, and do the two
// belong together? No other details, because anybody may ask.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { asSentence, readVersion, versionProblem } from '../../drizzle/schema-version.ts'
import { driverNames } from '../database/choose.ts'
import { defineRoute } from '../http/define-route.ts'
import { problem } from '../http/problem.ts'
import { reply } from '../http/reply.ts'
import { responses } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'

const getHealth = defineRoute({
  method: 'get',
  path: '/healthz',
  operationId: 'getHealth',
  summary: 'Is the service up?',
  access: { open: true },
  responses: responses(z.object({ status: z.literal('ok'), driver: z.enum(driverNames) }), 'It is'),
})

export const health = new OpenAPIHono<App>()

health.openapi(getHealth, async c => {
  const mismatch = versionProblem(await readVersion(c.var.db.run)) // what it throws is answered with 503
  return mismatch === null
    ? reply({ status: 'ok', driver: c.var.settings.driver })
    : problem(503, asSentence(mismatch))
})
