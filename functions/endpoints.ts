// Where webhooks go. Secrets and custom headers are sealed before they reach the database.
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { and, desc, eq, isNull, lt } from 'drizzle-orm'
import { headersContext, secretContext } from '../delivery/endpoint.ts'
import { formatId, parseId } from '../delivery/ids.ts'
import { formatSecret, generateSecret, parseSecret, type SigningKey } from '../delivery/keys.ts'
import type { Keyring } from '../delivery/secrets.ts'
import * as queries from '../drizzle/queries.gen.ts'
import { disabledReason, endpointState, endpoints as endpointTable } from '../drizzle/schema/outbox.ts'
import type { Database } from './db.ts'
import { checkNewEndpoint, endpointFields, NewEndpoint } from './new-endpoint.ts'
import { PageQuery, pageOf, replyPage } from './page.ts'
import { badInput, problem } from './problem.ts'
import { reply } from './reply.ts'
import { answers, body, Time } from './schemas.ts'
import type { App } from './settings.ts'

/** What may be shown at any time: neither the secret nor the headers. */
const Endpoint = z
  .object({
    id: z.string().openapi({ example: 'ep_0000000000000001a1b2c3d4' }),
    ...endpointFields,
    state: z.enum(endpointState.enumValues),
    disabled_reason: z.enum(disabledReason.enumValues).nullable(),
    created_at: Time,
    updated_at: Time,
  })
  .openapi('Endpoint')

const CreatedEndpoint = Endpoint.extend({
  secret: z.string().openapi({ description: 'What webhooks are signed with. Shown this once.' }),
}).openapi('CreatedEndpoint')

const listEndpoints = createRoute({
  method: 'get',
  path: '/v1/endpoints',
  summary: 'List endpoints, newest first',
  request: { query: z.strictObject(PageQuery) },
  responses: answers(pageOf(Endpoint), 'A page of endpoints'),
})

const readEndpoint = createRoute({
  method: 'get',
  path: '/v1/endpoints/{id}',
  summary: 'Read an endpoint',
  request: { params: z.object({ id: z.string() }) },
  responses: answers(Endpoint, 'The endpoint'),
})

const postEndpoint = createRoute({
  method: 'post',
  path: '/v1/endpoints',
  summary: 'Create an endpoint; it gets every event from now on',
  request: { body: body(NewEndpoint) },
  responses: answers(CreatedEndpoint, 'The new endpoint and its secret', 201),
})

export const endpoints = new OpenAPIHono<App>()

endpoints.openapi(listEndpoints, c =>
  replyPage(c, c.req.valid('query'), {
    read: (after, limit) =>
      c.var.db.build('list_endpoints', builder =>
        builder
          .select()
          .from(endpointTable)
          .where(and(isNull(endpointTable.deleted_at), after ? lt(endpointTable.id, after[0]!) : undefined))
          .orderBy(desc(endpointTable.id))
          .limit(limit),
      ),
    positionOf: endpoint => [endpoint.id],
    write: toEndpoint,
  }),
)

endpoints.openapi(readEndpoint, async c => {
  const key = parseId('ep', c.req.valid('param').id)
  if (!key) return unknownEndpoint()
  const endpoint = await findEndpoint(c.var.db, key.id)
  return endpoint?.nonce === key.nonce ? reply(toEndpoint(endpoint)) : unknownEndpoint()
})

endpoints.openapi(postEndpoint, async c => {
  const wanted = c.req.valid('json')
  const { delivery, keyring } = c.var.settings
  const errors = checkNewEndpoint(wanted, delivery)
  const key = await signingKey(wanted.secret)
  if (!key) errors.push({ path: 'secret', message: 'must be whsec_ and the base64 of 24 to 64 bytes' })
  if (errors.length > 0 || !key) return badInput(...errors)
  const chosen = { ...key, bytes: await c.var.db.choose('secret', key.bytes) }
  const id = await createEndpoint(c.var.db, keyring, wanted, chosen)
  return reply({ ...toEndpoint((await findEndpoint(c.var.db, id))!), secret: formatSecret(chosen) }, 201)
})

/** A new one, or the one the receiver knows already; null if that is none. */
async function signingKey(secret: string | undefined): Promise<SigningKey | null> {
  if (secret === undefined) return generateSecret('hmac')
  const key = await parseSecret(secret)
  return key?.signing === 'hmac' ? key : null
}

/** The ids come first: what is sealed is bound to the row it will be in. */
async function createEndpoint(db: Database, keyring: Keyring, wanted: NewEndpoint, key: SigningKey) {
  const reserve = { name: 'reserve_endpoint_ids', text: queries.reserveEndpointIds }
  const [row] = await db.run(reserve, [])
  const [endpointId, secretId] = row as [string, string]
  const headers = new TextEncoder().encode(JSON.stringify(wanted.headers))
  const hasHeaders = Object.keys(wanted.headers).length > 0
  await db.run({ name: 'create_endpoint', text: queries.createEndpoint }, [
    endpointId,
    secretId,
    toHex(await keyring.seal(key.bytes, secretContext(secretId, endpointId))),
    hasHeaders ? toHex(await keyring.seal(headers, headersContext(endpointId))) : null,
    wanted.url,
    wanted.description,
    wanted.event_types,
    wanted.tenant,
    wanted.ordering,
    wanted.max_in_flight,
    wanted.rate_per_second,
    wanted.timeout_seconds,
    wanted.retry_schedule,
  ])
  return BigInt(endpointId)
}

async function findEndpoint(db: Database, id: bigint) {
  const [endpoint] = await db.build('read_endpoint', builder =>
    builder
      .select()
      .from(endpointTable)
      .where(and(eq(endpointTable.id, id), isNull(endpointTable.deleted_at))),
  )
  return endpoint
}

function toEndpoint(row: typeof endpointTable.$inferSelect): z.infer<typeof Endpoint> {
  return {
    id: formatId('ep', row.id, row.nonce),
    url: row.url,
    description: row.description,
    event_types: row.event_types,
    tenant: row.tenant,
    signing: row.signing,
    ordering: row.ordering,
    max_in_flight: row.max_in_flight,
    rate_per_second: row.rate_per_second,
    timeout_seconds: row.timeout_seconds,
    retry_schedule: row.retry_schedule,
    state: row.state,
    disabled_reason: row.disabled_reason,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  }
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}

const unknownEndpoint = () => problem(404, 'There is no such endpoint.')
