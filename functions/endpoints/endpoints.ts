// Where webhooks go: list, read, create, change, delete. Secrets and custom headers are sealed before they reach the database.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { and, desc, eq, isNull, lt } from 'drizzle-orm'
import { headersContext } from '../../delivery/endpoint.ts'
import { toHex } from '../../delivery/hex.ts'
import { parseId } from '../../delivery/ids.ts'
import type { SigningKey } from '../../delivery/keys.ts'
import type { Keyring } from '../../delivery/secrets.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import { endpoints as endpointTable } from '../../drizzle/schema/outbox.ts'
import { type Caller, callerOf, refuseOtherTenant } from '../access/caller.ts'
import type { Database } from '../db.ts'
import { defineRoute } from '../http/define-route.ts'
import { PageQuery, pageOf, replyPage } from '../http/pagination.ts'
import { badInput } from '../http/problem.ts'
import { noContent, reply } from '../http/reply.ts'
import { body, emptyAnswer, responses } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'
import {
  Endpoint,
  EndpointId,
  findEndpoint,
  ListedEndpoint,
  ShownKey,
  toEndpoint,
  unknownEndpoint,
  withoutQuery,
} from './endpoint.ts'
import { checkEndpoint, EndpointChanges, NewEndpoint } from './endpoint-settings.ts'
import { chooseKey, sealKey, showKey } from './signing-key.ts'
import { replyEndpoint, updateEndpoint } from './update-endpoint.ts'

const listEndpoints = defineRoute({
  method: 'get',
  path: '/v1/endpoints',
  summary: 'List endpoints, newest first, without the queries of their URLs',
  access: { tenants: true },
  request: { query: z.strictObject(PageQuery) },
  responses: responses(pageOf(ListedEndpoint), 'A page of endpoints'),
})

const readEndpoint = defineRoute({
  method: 'get',
  path: '/v1/endpoints/{id}',
  summary: 'Read an endpoint',
  access: { tenants: true },
  request: { params: EndpointId },
  responses: responses(Endpoint, 'The endpoint'),
})

const postEndpoint = defineRoute({
  method: 'post',
  path: '/v1/endpoints',
  summary: 'Create an endpoint; it gets every event from now on',
  access: { tenants: true },
  request: { body: body(NewEndpoint) },
  responses: responses(
    Endpoint.extend(ShownKey).openapi('CreatedEndpoint'),
    'The new endpoint and its key, shown this once',
    201,
  ),
})

const patchEndpoint = defineRoute({
  method: 'patch',
  path: '/v1/endpoints/{id}',
  summary: 'Change settings of an endpoint; what is left out stays',
  access: { tenants: true },
  request: { params: EndpointId, body: body(EndpointChanges) },
  responses: responses(Endpoint, 'The endpoint as it is now'),
})

const deleteEndpoint = defineRoute({
  method: 'delete',
  path: '/v1/endpoints/{id}',
  summary: 'Delete an endpoint: what waits for it is canceled, its history stays',
  access: { tenants: true },
  request: { params: EndpointId },
  responses: emptyAnswer('It is deleted'),
})

export const endpoints = new OpenAPIHono<App>()

endpoints.openapi(listEndpoints, c => {
  const { tenant } = callerOf(c)
  return replyPage(c, c.req.valid('query'), {
    read: (after, limit) =>
      c.var.db.build('list_endpoints', builder =>
        builder
          .select()
          .from(endpointTable)
          .where(
            and(
              isNull(endpointTable.deleted_at),
              tenant === null ? undefined : eq(endpointTable.tenant, tenant),
              after ? lt(endpointTable.id, after[0]!) : undefined,
            ),
          )
          .orderBy(desc(endpointTable.id))
          .limit(limit),
      ),
    positionOf: endpoint => [endpoint.id],
    write: endpoint => ({ ...toEndpoint(endpoint), url: withoutQuery(endpoint.url) }),
  })
})

endpoints.openapi(readEndpoint, c => replyEndpoint(c, c.req.valid('param').id))

endpoints.openapi(postEndpoint, async c => {
  const { db, settings } = c.var
  const caller = callerOf(c)
  const wanted = c.req.valid('json')
  const errors = checkEndpoint(wanted, settings.delivery)
  const key = await chooseKey(db, wanted.signing, wanted.secret)
  if ('path' in key) return badInput(...errors, key)
  if (errors.length > 0) return badInput(...errors)
  const refused = refuseOtherTenant(caller, wanted.tenant)
  if (refused) return refused
  const id = await createEndpoint(db, settings.keyring, wanted, key, caller)
  return reply({ ...(await findEndpoint(db, id, caller))!, ...showKey(key) }, 201)
})

endpoints.openapi(patchEndpoint, async c => {
  const { settings } = c.var
  const wanted = c.req.valid('json')
  const errors = checkEndpoint(wanted, settings.delivery)
  if (errors.length > 0) return badInput(...errors)
  const caller = callerOf(c)
  const refused = refuseOtherTenant(caller, wanted.tenant)
  if (refused) return refused
  const { id } = c.req.valid('param')
  const row = parseId('ep', id)
  if (!row) return unknownEndpoint()
  const { headers, tenant, ...changes } = wanted
  const sealed = headers === undefined ? null : await sealHeaders(settings.keyring, headers, String(row.id))
  const refusal = await updateEndpoint(c, id, 'endpoint.changed', {
    ...changes,
    ...(tenant === undefined ? {} : { tenant: caller.tenant ?? tenant }),
    ...(headers === undefined ? {} : { sealed_headers: sealed && `\\x${sealed}` }),
  })
  return refusal ?? replyEndpoint(c, id)
})

endpoints.openapi(deleteEndpoint, async c => {
  const { id } = c.req.valid('param')
  const refusal = await updateEndpoint(c, id, 'endpoint.deleted', {
    state: 'disabled',
    disabled_reason: 'manual',
    deleted_at: 'now', // Postgres reads this as the time by its own clock
  })
  return refusal ?? noContent()
})

/** The ids come first: what is sealed is bound to the row it will be in. */
async function createEndpoint(
  db: Database,
  keyring: Keyring,
  wanted: NewEndpoint,
  key: SigningKey,
  caller: Caller,
): Promise<string> {
  const { endpointId, secretId } = await queries.reserveEndpointIds(db.run)
  const { sealed, publicKey } = await sealKey(keyring, key, secretId, endpointId)
  const { headers, secret, ...settings } = wanted
  const { publicId } = await queries.createEndpoint(db.run, {
    ...caller,
    id: endpointId,
    secretId,
    sealedSecret: sealed,
    sealedHeaders: await sealHeaders(keyring, headers, endpointId),
    settings: JSON.stringify({ ...settings, tenant: caller.tenant ?? settings.tenant }),
    publicKey,
  })
  return publicId
}

/** null = none. */
async function sealHeaders(keyring: Keyring, headers: Record<string, string> | null, endpointId: string) {
  if (headers === null || Object.keys(headers).length === 0) return null
  const text = new TextEncoder().encode(JSON.stringify(headers))
  return toHex(await keyring.seal(text, headersContext(endpointId)))
}
