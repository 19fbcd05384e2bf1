// GET /v1/health/capture: is every change captured? For operators and their alarms.
import { OpenAPIHono } from '@hono/zod-openapi'
import { readCaptureHealth } from '../../../drizzle/capture-health.ts'
import { defineRoute } from '../../http/define-route.ts'
import { reply } from '../../http/reply.ts'
import { responses } from '../../openapi/schemas.ts'
import type { App } from '../../settings.ts'
import { CaptureHealth } from './schema.ts'

const getCaptureHealth = defineRoute({
  method: 'get',
  path: '/v1/health/capture',
  operationId: 'getCaptureHealth',
  summary: 'Check the capture: triggers, notifications, fan-out, old transactions',
  responses: responses(CaptureHealth, 'Every check, and what to do where one fails'),
})

export const captureHealth = new OpenAPIHono<App>()

captureHealth.openapi(getCaptureHealth, async c => {
  const checks = await readCaptureHealth(c.var.db.run)
  return reply({ healthy: checks.every(check => check.healthy), checks: checks.map(check => ({ ...check })) })
})
