// A route of the API: what it accepts and answers, and beside that who may call it.
import { createRoute, type RouteConfig } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import { type Access, completeAccess } from '../access/access.ts'
import { idempotencyKey } from '../openapi/idempotency-key.ts'
import { stepsBefore } from './before.ts'

type Declaration<Path extends string> = Omit<RouteConfig, 'path'> & {
  path: Path
  /** What clients made of the description call it: a verb first, and nobody else's. It stays. */
  operationId: string
  access?: Access
}

/** Like `createRoute`, with `access`; what is left out of it is closed (functions/access/access.ts). */
export function defineRoute<Path extends string, Route extends Declaration<Path>>(route: Route) {
  const { access: declared, middleware = [], ...rest } = route
  const access = completeAccess(route.method, declared)
  const own = [middleware].flat() as MiddlewareHandler[]
  return createRoute({
    ...rest,
    ...(access.open === true ? { security: [] } : {}),
    ...(access.idempotencyKey ? { parameters: [idempotencyKey] } : {}),
    middleware: [...stepsBefore(access), ...own],
  }) as unknown as ReturnType<typeof createRoute<Path, Omit<Route, 'access'> & { path: Path }>>
}
