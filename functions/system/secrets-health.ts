// Which master keys are still needed? For whoever changes them: an old one may go once nothing in use is sealed under it.
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import * as queries from '../../drizzle/queries.gen.ts'
import { reply } from '../http/reply.ts'
import { responses } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'

const SecretsHealth = z
  .object({
    healthy: z
      .boolean()
      .openapi({ description: 'Every secret in use is sealed under a key that is configured' }),
    keys: z.array(
      z.object({
        id: z.string().nullable().openapi({ description: 'null: what is sealed under it cannot be read' }),
        configured: z.boolean().openapi({ description: 'It is in OUTBOX_MASTER_KEYS of the functions' }),
        seals: z.boolean().openapi({ description: 'It is the first there: what is new is sealed under it' }),
        secrets: z.int().openapi({ description: 'Signing keys in use that only it opens' }),
        headers: z.int().openapi({ description: 'Endpoints whose custom headers only it opens' }),
        removable: z.boolean(),
      }),
    ),
  })
  .openapi('SecretsHealth')

const checkSecrets = createRoute({
  method: 'get',
  path: '/v1/health/secrets',
  summary: 'How much is sealed under which master key, and which of them may be removed',
  responses: responses(SecretsHealth, 'Every master key that is configured or needed'),
})

export const secretsHealth = new OpenAPIHono<App>()

secretsHealth.openapi(checkSecrets, async c => {
  const { keyIds } = c.var.settings.keyring
  const counted = new Map((await queries.countSeals(c.var.db.run)).map(row => [row.keyId, row]))
  const keys = [...new Set([...keyIds, ...counted.keys()])].map(id => {
    const { secrets, headers } = counted.get(id) ?? { secrets: 0, headers: 0 }
    const seals = id === keyIds[0]
    const configured = id !== null && keyIds.includes(id)
    return {
      id,
      configured,
      seals,
      secrets,
      headers,
      removable: configured && !seals && secrets + headers === 0,
    }
  })
  return reply({ healthy: keys.every(key => key.configured), keys })
})
