// Who may ask: a route needs a key unless it is listed here.
import type { MiddlewareHandler } from 'hono'
import { problem } from '../http/problem.ts'
import type { App, Settings } from '../settings.ts'
import { findApiKey } from './api-keys.ts'
import { limitGuesses } from './rate-limit.ts'

/** The receivers prove who calls by the webhook's signature. */
const openPaths = new Set([
  '/healthz',
  '/openapi.json',
  '/docs',
  '/receivers/notifications',
  '/receivers/billing',
])
const shopPath = /^\/(orders|clients)(\/|$)/
/** All that a key with a tenant may ask for: these routes know about tenants, the others show everything. */
const tenantPath = /^\/v1\/((endpoints|deliveries|replays|stats|event-types)(\/|$)|events(\/[^/]+)?$)/

export const authenticate: MiddlewareHandler<App> = async (c, next) => {
  const { settings } = c.var
  if (isOpen(c.req.path, settings)) return next()
  const token = bearerToken(c.req.header('authorization'))
  const key = await findApiKey(settings.apiKeys, token)
  if (!key) {
    const limited = token === '' ? null : await limitGuesses(c)
    if (limited) return limited
    return problem(401, 'Send a valid key: Authorization: Bearer <key>.', {
      headers: { 'www-authenticate': 'Bearer realm="outbox"' },
    })
  }
  c.set('apiKey', key)
  if (key.scope === 'read' && !isRead(c.req.method)) return problem(403, 'This key may only read.')
  if (key.tenant !== null && !tenantPath.test(c.req.path))
    return problem(403, 'This is not for keys with a tenant.')
  return next()
}

function isOpen(path: string, { ordersPublic }: Settings): boolean {
  return openPaths.has(path) || (ordersPublic && shopPath.test(path))
}

function bearerToken(authorization = ''): string {
  return /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? ''
}

const isRead = (method: string) => method === 'GET' || method === 'HEAD'
