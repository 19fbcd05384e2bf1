// What happens to a request before its handler runs, in this order. The steps hang on each route instead of the whole app,
// so that an application which mounts the outbox beside its own routes is left alone.
import type { Context, MiddlewareHandler } from 'hono'
import { requestId } from 'hono/request-id'
import type { RouteAccess } from '../access/access.ts'
import { authenticate } from '../access/auth.ts'
import { callerOf } from '../access/caller.ts'
import { limitCost } from '../access/rate-limit.ts'
import { type Database, openDatabase } from '../db.ts'
import { ringLater } from '../edge/ring.ts'
import { type App, readSettings } from '../settings.ts'
import { limitBody, readJson } from './body.ts'
import { continueTrace } from './context.ts'
import { idempotency } from './idempotency.ts'

export function stepsBefore(access: RouteAccess): MiddlewareHandler<App>[] {
  const authentication = authenticate(access)
  accessByStep.set(authentication, access)
  return [
    begin,
    authentication,
    limitBody(access.maxBodyKilobytes),
    readJson,
    openRequestDatabase,
    ...(access.cost ? [limitCost(access.cost)] : []),
    ...(access.idempotencyKey ? [idempotency] : []),
  ]
}

const accessByStep = new WeakMap<object, RouteAccess>()

/** What a route has declared, found by its steps; undefined for every other handler. */
export function accessDeclaredBy(handler: object): RouteAccess | undefined {
  return accessByStep.get(handler)
}

const giveId = requestId()

/** Reads the settings first: while one of them is wrong, every request is answered with 503 and the setting's name. */
export const begin: MiddlewareHandler<App> = async (c, next) => {
  await giveId(c, async () => {})
  c.set('settings', await readSettings(c.env))
  await next()
  c.header('x-request-id', c.var.requestId) // set now, because most handlers make a Response of their own
}

/** A request that only reads has no context, because it makes no events. */
export const openRequestDatabase: MiddlewareHandler<App> = async (c, next) => {
  const isRead = c.req.method === 'GET' || c.req.method === 'HEAD'
  const { actor } = callerOf(c)
  const context = isRead ? null : { actor, traceparent: continueTrace(c.req.header('traceparent')) }
  const db = openDatabase(c.var.settings, { context })
  c.set('db', db)
  await next()
  if (!isRead) ringLater(c)
  closeLater(c, db)
}

/** The answer does not wait for it. */
export function closeLater(c: Context<App>, db: Database): void {
  const closed = db.close().catch(() => {})
  try {
    c.executionCtx.waitUntil(closed)
  } catch {
    // Only a Worker has one.
  }
}
