// What every page knows: who looks at it, what they may do, and under which path the console lies.
import type { Context } from 'hono'
import { matchedRoutes } from 'hono/route'
import type { ApiKey } from '../access/api-keys.ts'
import type { App, Env } from '../settings.ts'

export interface View {
  /** The console's own path, `/console` or `/webhooks/console`. */
  readonly base: string
  readonly key: ApiKey
  /** Came through an access proxy: there is no key, and its name is an e-mail address. */
  readonly isPerson: boolean
  /** Every form carries it. */
  readonly token: string
  readonly signedInAtMs: number
  readonly now: Date
  /** What the operator calls this installation; null = no name was given. */
  readonly environment: string | null
  /** An admin key. Without it there are no buttons. */
  readonly mayChange: boolean
  /** A key without a tenant: it sees what concerns everybody. */
  readonly isOperator: boolean
}

export interface ConsoleApp {
  Bindings: Env
  Variables: App['Variables'] & { view: View; form: URLSearchParams }
}

export type ConsoleContext = Context<ConsoleApp>

/** The path of the console as the browser sees it. `taken`: what was taken off the path before (OutboxOptions.basePath). */
export function consolePath(c: Context, taken: string): string {
  const route = matchedRoutes(c)[c.req.routeIndex]!.path
  const depth = route.slice(0, route.lastIndexOf('/console')).split('/').length
  return `${taken.replace(/\/$/, '')}${c.req.path.split('/').slice(0, depth).join('/')}/console`
}
