// Who may call: a route needs a key unless its declaration opens it.
import type { Context, MiddlewareHandler } from 'hono'
import { problem } from '../http/problem.ts'
import type { Reply } from '../http/reply.ts'
import type { App } from '../settings.ts'
import { type RouteAccess, scopeFor } from './access.ts'
import { type ApiKey, findApiKey } from './api-keys.ts'
import { limitGuesses } from './rate-limit.ts'
import { findStoredKey } from './stored-keys.ts'

type Rule = Pick<RouteAccess, 'open' | 'scope' | 'tenants'>

export function authenticate(rule: Rule): MiddlewareHandler<App> {
  return async (c, next) => {
    if (await isOpen(rule, c)) return next()
    const token = bearerToken(c.req.header('authorization'))
    const { settings } = c.var
    const key = (await findApiKey(settings.apiKeys, token)) ?? (await findStoredKey(settings, token))
    if (!key) return refuseToken(c, token)
    c.set('apiKey', key)
    return refuseKey(key, rule, c.req.method) ?? next()
  }
}

/** For paths and methods that no route declares: a caller without a key can't tell them from those that exist. */
export function authenticateAnyKey(open: RouteAccess['open'], tenants: boolean): MiddlewareHandler<App> {
  return (c, next) => authenticate({ open, tenants, scope: scopeFor(c.req.method) })(c, next)
}

async function isOpen({ open }: Rule, c: Context<App>): Promise<boolean> {
  return typeof open === 'function' ? open(c.env) : open
}

async function refuseToken(c: Context<App>, token: string): Promise<Reply> {
  const limited = token === '' ? null : await limitGuesses(c)
  if (limited) return limited
  return problem(401, 'Send a valid key: Authorization: Bearer <key>.', {
    headers: { 'www-authenticate': 'Bearer realm="outbox"' },
  })
}

function refuseKey({ scope, tenant }: ApiKey, rule: Rule, method: string): Reply | null {
  const mayOnlyRead = scope === 'read' && rule.scope === 'admin'
  if (mayOnlyRead && scopeFor(method) === 'admin') return problem(403, 'This key may only read.')
  if (tenant !== null && !rule.tenants) return problem(403, 'This is not for keys with a tenant.')
  return mayOnlyRead ? problem(403, 'This is for admin keys.') : null
}

function bearerToken(authorization = ''): string {
  return /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? ''
}
