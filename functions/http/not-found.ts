// For what no route answers: 405 where another method would have been right, else 404.
import type { Context, Hono } from 'hono'
import type { App } from '../settings.ts'
import { problem } from './problem.ts'

const methods = ['GET', 'POST', 'PATCH', 'DELETE']

export function notFound(app: Hono<App>, c: Context<App>) {
  const allowed = methods.filter(method => isRouted(app, method, c.req.path))
  if (allowed.length === 0) return problem(404, 'There is nothing here.')
  const headers = { allow: allowed.join(', ') }
  return problem(405, `Use ${allowed.join(' or ')} here.`, { headers })
}

/** Middleware matches every path and says nothing about a route. */
function isRouted(app: Hono<App>, method: string, path: string): boolean {
  return app.router.match(method, path)[0].some(([[, route]]) => route.method === method)
}
