// Which master keys are still needed: an old one may be removed once nothing in use is sealed under it.
import { z } from '@hono/zod-openapi'

export const SecretsHealth = z
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
export type SecretsHealth = z.infer<typeof SecretsHealth>
