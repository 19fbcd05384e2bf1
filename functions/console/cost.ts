// The limits of the API hold for the console's forms too: the same bucket of the same key. What is refused is said on a page.
import type { MiddlewareHandler } from 'hono'
import type { App } from '../settings.ts'
import { renderFailure } from './pages/refusal.ts'
import type { ConsoleApp } from './view.ts'

export function withCost(limit: MiddlewareHandler<App>): MiddlewareHandler<ConsoleApp> {
  return async (c, next) => {
    const refused = await limit(c as never, next)
    if (!(refused instanceof Response) || refused.status !== 429) return
    const detail = `Too many requests: try again in ${refused.headers.get('retry-after')} s.`
    return renderFailure(c, { status: 429, detail, requestId: c.var.requestId })
  }
}
