// The endpoints of webhooks over HTTP: list, read, create, change, delete.
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { callerOf } from '../access/caller.ts'
import { defineRoute } from '../http/define-route.ts'
import { PageQuery, pageOf, replyPage } from '../http/pagination.ts'
import { noContent, reply } from '../http/reply.ts'
import { body, emptyAnswer, responses, text } from '../openapi/schemas.ts'
import type { App } from '../settings.ts'
import { changeEndpoint, createEndpoint, deleteEndpoint } from './operations.ts'
import { findEndpoint, listEndpoints, toEndpoint, toListedEndpoint } from './read.ts'
import { isRefusal, replyChanged, replyEndpoint, replyRefusal } from './replies.ts'
import { Endpoint, EndpointChanges, EndpointId, ListedEndpoint, NewEndpoint, ShownKey } from './schema.ts'
import { showKey } from './signing-key.ts'

const getEndpoints = defineRoute({
  method: 'get',
  path: '/v1/endpoints',
  operationId: 'listEndpoints',
  summary: 'List endpoints, newest first, without the queries of their URLs',
  access: { tenants: true },
  request: {
    query: z.strictObject({
      name: text(100).optional(),
      include: z
        .literal('url_query')
        .optional()
        .openapi({ description: 'Shows URLs with their queries, as reading one endpoint does' }),
      ...PageQuery,
    }),
  },
  responses: responses(pageOf(ListedEndpoint), 'A page of endpoints'),
})

const getEndpoint = defineRoute({
  method: 'get',
  path: '/v1/endpoints/{id}',
  operationId: 'getEndpoint',
  summary: 'Read an endpoint',
  access: { tenants: true },
  request: { params: EndpointId },
  responses: responses(Endpoint, 'The endpoint'),
})

const postEndpoint = defineRoute({
  method: 'post',
  path: '/v1/endpoints',
  operationId: 'createEndpoint',
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
  operationId: 'updateEndpoint',
  summary: 'Change settings of an endpoint; what is left out stays',
  access: { tenants: true },
  request: { params: EndpointId, body: body(EndpointChanges) },
  responses: responses(Endpoint, 'The endpoint as it is now'),
})

const removeEndpoint = defineRoute({
  method: 'delete',
  path: '/v1/endpoints/{id}',
  operationId: 'deleteEndpoint',
  summary: 'Delete an endpoint: what waits for it is canceled, its history stays',
  access: { tenants: true },
  request: { params: EndpointId },
  responses: emptyAnswer('It is deleted'),
})

export const endpoints = new OpenAPIHono<App>()

endpoints.openapi(getEndpoints, c => {
  const { name, include, ...page } = c.req.valid('query')
  return replyPage(c, page, {
    read: (after, limit) => listEndpoints(c.var.db, callerOf(c), name, after?.[0], limit),
    positionOf: endpoint => [endpoint.id],
    write: include === 'url_query' ? toEndpoint : toListedEndpoint,
  })
})

endpoints.openapi(getEndpoint, c => replyEndpoint(c, c.req.valid('param').id))

endpoints.openapi(postEndpoint, async c => {
  const { db, settings } = c.var
  const caller = callerOf(c)
  const created = await createEndpoint(db, settings, caller, c.req.valid('json'))
  if (isRefusal(created)) return replyRefusal(created)
  return reply({ ...(await findEndpoint(db, created.id, caller))!, ...showKey(created.key) }, 201)
})

endpoints.openapi(patchEndpoint, async c => {
  const { db, settings } = c.var
  const { id } = c.req.valid('param')
  const changed = await changeEndpoint(db, settings, callerOf(c), id, c.req.valid('json'))
  return isRefusal(changed) ? replyRefusal(changed) : replyChanged(c, id, changed)
})

endpoints.openapi(removeEndpoint, async c => {
  const { id } = c.req.valid('param')
  const deleted = await deleteEndpoint(c.var.db, callerOf(c), id)
  return deleted === 'changed' ? noContent() : replyChanged(c, id, deleted)
})
