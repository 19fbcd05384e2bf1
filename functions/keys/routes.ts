// API keys over HTTP, for operators: give one out, list them, revoke one. No deployment is needed.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { callerOf, refuseOtherTenant } from '../access/caller.ts'
import { defineRoute } from '../http/define-route.ts'
import { PageQuery, pageOf, replyPage } from '../http/pagination.ts'
import { badInput, problem } from '../http/problem.ts'
import { noContent, reply } from '../http/reply.ts'
import { body, emptyAnswer, responses } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'
import { createKey, deleteKey } from './operations.ts'
import { listKeys, toListedKey } from './read.ts'
import { CreatedApiKey, ListedApiKey, NewApiKey } from './schema.ts'

const getKeys = defineRoute({
  method: 'get',
  path: '/v1/keys',
  operationId: 'listKeys',
  summary:
    'List the keys that were given out here, newest first, with their last use; for admin keys without a tenant',
  access: { scope: 'admin' },
  request: { query: z.strictObject(PageQuery) },
  responses: responses(pageOf(ListedApiKey), 'A page of keys'),
})

const postKey = defineRoute({
  method: 'post',
  path: '/v1/keys',
  operationId: 'createKey',
  summary: 'Give out a key, valid from now on; for admin keys without a tenant',
  request: { body: body(NewApiKey) },
  responses: responses(CreatedApiKey, 'The key, shown this once', 201),
})

const removeKey = defineRoute({
  method: 'delete',
  path: '/v1/keys/{id}',
  operationId: 'deleteKey',
  summary: 'Revoke a key: the next request that comes with it is refused; for admin keys without a tenant',
  request: { params: z.object({ id: z.string() }) },
  responses: emptyAnswer('It is revoked'),
})

export const keys = new OpenAPIHono<App>()

keys.openapi(getKeys, c =>
  replyPage(c, c.req.valid('query'), {
    read: (after, limit) => listKeys(c.var.db, after?.[0], limit),
    positionOf: key => [key.id],
    write: toListedKey,
  }),
)

keys.openapi(postKey, async c => {
  const { db, settings, apiKey } = c.var
  const giver = { ...callerOf(c), expiresAt: apiKey?.expiresAt ?? null }
  const created = await createKey(db, settings.apiKeys, giver, c.req.valid('json'))
  if (created === 'other tenant') return refuseOtherTenant()
  return 'wrongInput' in created ? badInput(...created.wrongInput) : reply({ ...created }, 201)
})

keys.openapi(removeKey, async c =>
  (await deleteKey(c.var.db, callerOf(c), c.req.valid('param').id))
    ? noContent()
    : problem(404, 'There is no such key.'),
)
