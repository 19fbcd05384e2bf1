// The API's own description, made of the schemas that validate: as a document, and as a page.
import { OpenAPIHono } from '@hono/zod-openapi'
import { version } from '../../delivery/version.ts'
import { completeAccess } from '../access/access.ts'
import type { Routes } from '../http/app.ts'
import { stepsBefore } from '../http/before.ts'
import { reply } from '../http/reply.ts'
import type { App } from '../settings.ts'
import type { Description } from './description.ts'
import { renderDocs } from './docs.ts'
import { describeWebhooks } from './webhooks.ts'

/**
 * `/openapi.json` and `/docs` of everything that is mounted in this app when they are requested. `basePath`: what was taken
 * off the path before.
 */
export function descriptionOf(app: Routes, basePath = ''): Routes {
  const steps = stepsBefore(completeAccess('GET', { open: true }))
  const routes = new OpenAPIHono<App>()
  const baseOf = (path: string, own: string) => basePath.replace(/\/$/, '') + path.slice(0, -own.length)
  routes.on('GET', ['/openapi.json'], ...steps, c => {
    const base = baseOf(c.req.path, '/openapi.json')
    return reply({ ...describe(app), ...(base === '' ? {} : { servers: [{ url: base }] }) } as never)
  })
  routes.on('GET', ['/docs'], ...steps, c => renderDocs(describe(app), baseOf(c.req.path, '/docs')))
  return routes
}

function describe(app: Routes): Description {
  const described = new OpenAPIHono<App>()
  described.route('/', app)
  described.openAPIRegistry.registerComponent('securitySchemes', 'key', { type: 'http', scheme: 'bearer' })
  describeWebhooks(described)
  return described.getOpenAPI31Document({
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
}
