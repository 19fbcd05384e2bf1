// API keys as operators see them: never the key itself, but in the answer that gives it out.
import { z } from '@hono/zod-openapi'
import { Time, TimeText, text } from '../openapi/schemas.ts'

const Scope = z.enum(['admin', 'read'])

export const NewApiKey = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,100}$/, 'must be 1 to 100 letters, digits, _ or -')
      .openapi({ description: 'Stands in the audit. Several keys may have the same', example: 'ci' }),
    scope: Scope.default('read'),
    tenant: text(1000)
      .min(1, 'must not be empty')
      .nullable()
      .default(null)
      .openapi({ description: 'It sees and changes only what belongs to this tenant; null = everything' }),
    expires_at: TimeText.nullable()
      .default(null)
      .openapi({ description: 'null = it is valid until it is revoked' }),
  })
  .openapi('NewApiKey')
export type NewApiKey = z.infer<typeof NewApiKey>

export const ListedApiKey = z
  .object({
    id: z.string().openapi({ example: 'key_0000000000000001a1b2c3d4' }),
    name: z.string(),
    scope: Scope,
    tenant: z.string().nullable(),
    created_at: Time,
    expires_at: Time.nullable(),
    last_used_at: Time.nullable().openapi({ description: 'Up to a minute behind; null = never' }),
  })
  .openapi('ListedApiKey')
export type ListedApiKey = z.infer<typeof ListedApiKey>

export const CreatedApiKey = ListedApiKey.extend({
  key: z.string().openapi({ description: 'The key, shown this once' }),
}).openapi('CreatedApiKey')
export type CreatedApiKey = z.infer<typeof CreatedApiKey>
