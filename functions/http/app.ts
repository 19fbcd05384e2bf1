// Apps made of routes that declare their access. Everything they do not answer is refused in the same form.
import { OpenAPIHono } from '@hono/zod-openapi'
import { Hono } from 'hono'
import { authenticateAnyKey } from '../access/auth.ts'
import type { App, Env } from '../settings.ts'
import { accessDeclaredBy, begin } from './before.ts'
import { badInput, inputErrors, problem } from './problem.ts'
import { problemFor } from './thrown.ts'

export type Routes = OpenAPIHono<App>

/** Bad input, errors and unknown paths are answered with problem details, the last only to callers with a key. */
export function createApp(): Routes {
  const app: Routes = new OpenAPIHono<App>({
    defaultHook: result => (result.success ? undefined : badInput(...inputErrors(result.error))),
  })
  app.onError(problemFor)
  app.notFound(c => answerUnknownPath(c.req.raw, c.env))
  return app
}

export function answerUnknownPath(request: Request, env: Env): Response | Promise<Response> {
  return nowhere.fetch(request, env)
}

const nowhere = new Hono<App>()
  .onError(problemFor)
  .all('*', begin, authenticateAnyKey(false, true), () => problem(404, 'There is nothing here.'))

/** Adds the routes of these parts, and 405 for the other methods of their paths. */
export function addRoutes(app: Routes, parts: readonly Routes[]): Routes {
  for (const part of parts) app.route('/', part)
  const handlersByPath = Map.groupBy(
    parts.flatMap(part => part.routes),
    ({ path }) => path,
  )
  for (const [path, handlers] of handlersByPath) refuseOtherMethods(app, path, handlers)
  return app
}

function refuseOtherMethods(app: Routes, path: string, handlers: Hono<App>['routes']): void {
  const declared = handlers
    .map(({ handler }) => accessDeclaredBy(handler))
    .filter(access => access !== undefined)
  const allowed = methods.filter(method => handlers.some(handler => handler.method === method))
  if (declared.length !== allowed.length)
    throw new Error(`${path} does not declare who may call it: use defineRoute.`)
  const open = declared.map(access => access.open).find(open => open !== false) ?? false
  const tenants = declared.some(access => access.tenants)
  app.all(path, begin, authenticateAnyKey(open, tenants), () =>
    problem(405, `Use ${allowed.join(' or ')} here.`, { headers: { allow: allowed.join(', ') } }),
  )
}

const methods = ['GET', 'POST', 'PATCH', 'DELETE']
