// The API's own description, made of the very schemas that validate: as a document, and as a page.
import type { OpenAPIHono } from '@hono/zod-openapi'
import { version } from '../../delivery/version.ts'
import { reply } from '../http/reply.ts'
import type { App } from '../settings.ts'
import { type Description, type Operation, renderDocs } from './docs.ts'
import { describeWebhooks } from './webhooks.ts'

export function describe(app: OpenAPIHono<App>): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'key', { type: 'http', scheme: 'bearer' })
  describeWebhooks(app)
  app.get('/openapi.json', () => reply(describeAll(app) as never))
  app.get('/docs', () => renderDocs(describeAll(app)))
}

function describeAll(app: OpenAPIHono<App>): Description {
  const described = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Outbox',
      version,
      description:
        'From "this row changed in Postgres" to "that webhook was delivered". ' +
        'Whole numbers are exact up to 64 bits: read them with a parser that keeps them.',
    },
    security: [{ key: [] }],
  }) as unknown as Description
  for (const [path, methods] of Object.entries(described.paths)) {
    if (path.startsWith('/receivers/')) continue
    for (const operation of [methods.post, methods.patch]) if (operation) addIdempotencyKey(operation)
  }
  return described
}

/** Honoured by a middleware, so no route says it by itself. */
function addIdempotencyKey(operation: Operation): void {
  operation.parameters = [
    ...(operation.parameters ?? []),
    {
      name: 'Idempotency-Key',
      in: 'header',
      required: false,
      schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]+$' },
      description:
        'Repeated with the same key within 24 hours, the request has its effect once and the same answer; a refusal ' +
        'that came of how things stood (404, 409) too. What was wrong with the request itself (400, 413, 415) may be ' +
        'corrected and sent with the same key; 429 and 503 are not remembered. Another request with the key is 422.',
    },
  ]
}
