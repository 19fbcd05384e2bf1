// GET /v1/health/secrets: tells operators who change the master key when the old one may go.
import { OpenAPIHono } from '@hono/zod-openapi'
import { defineRoute } from '../../http/define-route.ts'
import { reply } from '../../http/reply.ts'
import { responses } from '../../openapi/schemas.ts'
import type { App } from '../../settings.ts'
import { readSecretsHealth } from './read.ts'
import { SecretsHealth } from './schema.ts'

const getSecretsHealth = defineRoute({
  method: 'get',
  path: '/v1/health/secrets',
  operationId: 'getSecretsHealth',
  summary: 'How much is sealed under which master key, and which of them may be removed',
  responses: responses(SecretsHealth, 'Every master key that is configured or needed'),
})

export const secretsHealth = new OpenAPIHono<App>()

secretsHealth.openapi(getSecretsHealth, async c =>
  reply(await readSecretsHealth(c.var.db, c.var.settings.keyring.keyIds)),
)
