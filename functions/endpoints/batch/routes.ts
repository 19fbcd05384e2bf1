// Up to 200 endpoints in one request: one statement makes, changes and deletes them all, or none. For endpoints as code.
import { OpenAPIHono } from '@hono/zod-openapi'
import { callerOf, refuseOtherTenant } from '../../access/caller.ts'
import { defineRoute } from '../../http/define-route.ts'
import { badInput, badList, problem } from '../../http/problem.ts'
import { type Reply, reply } from '../../http/reply.ts'
import { body, responses } from '../../openapi/schemas.ts'
import type { App } from '../../settings.ts'
import { nameTaken } from '../replies.ts'
import { showKey } from '../signing-key.ts'
import { applyBatch, type Refusal } from './operations.ts'
import { AppliedBatch, EndpointBatch, maxEndpoints } from './schema.ts'

const postBatch = defineRoute({
  method: 'post',
  path: '/v1/endpoints/batch',
  operationId: 'applyEndpoints',
  summary: `Create, change and delete up to ${maxEndpoints} endpoints, all or none`,
  access: { tenants: true, maxBodyKilobytes: 1024 },
  request: { body: body(EndpointBatch) },
  responses: responses(AppliedBatch, 'What was done'),
})

export const endpointBatches = new OpenAPIHono<App>({ defaultHook: badList })

endpointBatches.openapi(postBatch, async c => {
  const batch = c.req.valid('json')
  const applied = await applyBatch(c.var.db, c.var.settings, callerOf(c), batch)
  if (applied === 'name taken' || 'refused' in applied) return refuse(applied)
  return reply({
    created: applied.created.map(({ id, name, key }) => ({ id, name, ...showKey(key) })),
    updated: batch.update.map(({ id }) => id),
    deleted: batch.delete,
  })
})

function refuse(refusal: Refusal): Reply {
  if (refusal === 'name taken') return nameTaken()
  const { refused, errors } = refusal
  switch (refused) {
    case 'wrong input':
      return badInput(...errors)
    case 'other tenant':
      return refuseOtherTenant(...errors)
    case 'unknown':
      return problem(404, 'There is no such endpoint: nothing was done.', { errors })
  }
}
