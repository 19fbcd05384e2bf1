// Under a base path of another application, that application's own 404 would answer what the outbox does not know. There
// the outbox answers by itself: problem details, and only for callers with a key.
import type { Context } from 'hono'
import { matchedRoutes } from 'hono/route'
import type { EnvironmentOf } from '../environment.ts'
import type { App } from '../settings.ts'
import { answerUnknownPath, type Routes } from './app.ts'

/** The last route of the app. At the root it does nothing: paths that nobody knows are the application's there. */
export function refuseUnknownPaths(app: Routes, environmentOf: EnvironmentOf): void {
  app.all('*', (c, next) =>
    isUnderBasePath(c) && isLast(c) ? answerUnknownPath(c.req.raw, environmentOf(c.env)) : next(),
  )
}

function isUnderBasePath(c: Context<App>): boolean {
  return matchedRoutes(c)[c.req.routeIndex]!.path !== '/*'
}

/** Nothing that the application has added after the outbox is on this path. */
function isLast(c: Context<App>): boolean {
  return c.req.routeIndex === matchedRoutes(c).length - 1
}
