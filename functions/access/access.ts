// What a route says about its callers, beside its declaration: who may call it, what a call costs, and how it may be
// repeated. What a route leaves out is the safest choice, so a new route is closed until somebody opens it.
import type { Env } from '../settings.ts'

export interface Access {
  /** Needs no key: always, or where the environment allows it. Default: false. */
  readonly open?: boolean | ((env: Env) => Promise<boolean>)
  /** The least a key must allow. Default: `read` for GET, `admin` for everything else. */
  readonly scope?: 'read' | 'admin'
  /** Keys that are bound to a tenant may call it, because it shows and changes only what is theirs. Default: false. */
  readonly tenants?: boolean
  /** Each call takes a token from the key's bucket. Default: null, calls are not counted. */
  readonly cost?: Cost | null
  /** The largest request body, in KiB. Default: 256. */
  readonly maxBodyKilobytes?: number
  /** An Idempotency-Key makes a repeat safe. Default: true for POST and PATCH; the others have no need of it. */
  readonly idempotencyKey?: boolean
}

/** A token bucket. It must fill up within the hour after which take_token.sql forgets it. */
export interface Cost {
  readonly bucket: string
  readonly size: number
  readonly perSecond: number
}

export type RouteAccess = Required<Access>

export function completeAccess(method: string, access: Access = {}): RouteAccess {
  return {
    open: false,
    scope: scopeFor(method),
    tenants: false,
    cost: null,
    maxBodyKilobytes: 256,
    idempotencyKey: ['POST', 'PATCH'].includes(method.toUpperCase()),
    ...access,
  }
}

export function scopeFor(method: string): 'read' | 'admin' {
  return ['GET', 'HEAD'].includes(method.toUpperCase()) ? 'read' : 'admin'
}
