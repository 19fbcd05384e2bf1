// The self-check of capture: each check with a sentence on what to do.
import { z } from '@hono/zod-openapi'

export const CaptureHealth = z
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
