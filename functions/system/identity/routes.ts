// GET /v1/system and POST /v1/system/adopt: is this the database that sends, or a copy of it? For operators.
import { OpenAPIHono } from '@hono/zod-openapi'
import { callerOf } from '../../access/caller.ts'
import { defineRoute } from '../../http/define-route.ts'
import { problem } from '../../http/problem.ts'
import { reply } from '../../http/reply.ts'
import { body, responses } from '../../openapi/schemas.ts'
import type { App } from '../../settings.ts'
import { adopt, readSystem } from './operations.ts'
import { Adopted, Adoption, System } from './schema.ts'

const getSystem = defineRoute({
  method: 'get',
  path: '/v1/system',
  operationId: 'getSystem',
  summary: 'Which database this is, and whether nothing is sent because it may be a copy',
  responses: responses(System, 'The database'),
})

const postAdopt = defineRoute({
  method: 'post',
  path: '/v1/system/adopt',
  operationId: 'adoptSystem',
  summary: 'Say what a database is whose senders are held: a replacement of the original, or a new one',
  request: { body: body(Adoption) },
  responses: responses(Adopted, 'What was done'),
})

export const system = new OpenAPIHono<App>()

system.openapi(getSystem, async c => reply(await readSystem(c.var.db)))

system.openapi(postAdopt, async c => {
  const adopted = await adopt(c.var.db, callerOf(c), c.req.valid('json'))
  if (adopted === 'not held')
    return problem(409, 'Nothing is held: this database sends, or nobody has sent from it yet.', {
      type: 'not-held',
    })
  if (adopted === 'other facts')
    return problem(409, 'These are not the facts of this database. Read GET /v1/system again.', {
      type: 'other-database',
    })
  return reply(adopted)
})
