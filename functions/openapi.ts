// The API's own description, made of the very schemas that validate.
import type { OpenAPIHono } from '@hono/zod-openapi'
import { version } from '../delivery/version.ts'
import type { App } from './settings.ts'

export function describe(app: OpenAPIHono<App>): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'key', { type: 'http', scheme: 'bearer' })
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: {
      title: 'Outbox',
      version,
      description:
        'From "this row changed in Postgres" to "that webhook was delivered". ' +
        'Whole numbers are exact up to 64 bits: read them with a parser that keeps them.',
    },
    security: [{ key: [] }],
  })
}
