// GET /v1/whoami: what the caller's own key is and may do, and which version answers.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { version } from '../../delivery/version.ts'
import { defineRoute } from '../http/define-route.ts'
import { reply } from '../http/reply.ts'
import { responses, Time } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'

const Whoami = z
  .object({
    name: z.string().openapi({ description: "The key's, as the audit has it" }),
    scope: z.enum(['admin', 'read']),
    tenant: z.string().nullable().openapi({ description: 'null = it sees everything' }),
    expires_at: Time.nullable(),
    version: z.string().openapi({ description: 'Of the outbox that answers' }),
  })
  .openapi('Whoami')
export type Whoami = z.infer<typeof Whoami>

const getWhoami = defineRoute({
  method: 'get',
  path: '/v1/whoami',
  operationId: 'getWhoami',
  summary: 'Say what the key of this request is and may do',
  access: { tenants: true },
  responses: responses(Whoami, 'The key'),
})

export const whoami = new OpenAPIHono<App>()

whoami.openapi(getWhoami, c => {
  const { name, scope, tenant, expiresAt } = c.var.apiKey!
  return reply({ name, scope, tenant, expires_at: expiresAt?.toISOString() ?? null, version })
})
