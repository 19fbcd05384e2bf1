// Is everything captured? For operators and their alarms: each check with a sentence on what to do.
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { readCaptureHealth } from '../../drizzle/capture-health.ts'
import { reply } from '../http/reply.ts'
import { responses } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'

const CaptureHealth = z
  .object({
    healthy: z.boolean(),
    checks: z.array(
      z.object({
        name: z.string().openapi({ example: 'broken_triggers' }),
        value: z.number(),
        healthy: z.boolean(),
        advice: z.string(),
      }),
    ),
  })
  .openapi('CaptureHealth')

const checkCapture = createRoute({
  method: 'get',
  path: '/v1/health/capture',
  summary: 'Check the capture: triggers, notifications, fan-out, old transactions',
  responses: responses(CaptureHealth, 'Every check, and what to do where one fails'),
})

export const captureHealth = new OpenAPIHono<App>()

captureHealth.openapi(checkCapture, async c => {
  const checks = await readCaptureHealth(c.var.db.run)
  return reply({ healthy: checks.every(check => check.healthy), checks: checks.map(check => ({ ...check })) })
})
