// GET /v1/listeners: is somebody there who sends? For operators.
import { OpenAPIHono } from '@hono/zod-openapi'
import { defineRoute } from '../../http/define-route.ts'
import { reply } from '../../http/reply.ts'
import { responses } from '../../openapi/schemas.ts'
import type { App } from '../../settings.ts'
import { readListeners } from './read.ts'
import { Listeners } from './schema.ts'

const getListeners = defineRoute({
  method: 'get',
  path: '/v1/listeners',
  operationId: 'listListeners',
  summary: 'The listeners, awake, asleep or silent, and the last run of the cron function',
  responses: responses(Listeners, 'Those of the last hour, the newest first'),
})

export const listeners = new OpenAPIHono<App>()

listeners.openapi(getListeners, async c => reply(await readListeners(c.var.db)))
