// The caller, and what that means for what they see: a key that is bound to a tenant meets nothing of another's.
import type { Context } from 'hono'
import { type InputError, problem } from '../http/problem.ts'
import type { Reply } from '../http/reply.ts'
import type { App } from '../settings.ts'

export interface Caller {
  /** The API key's name; empty where a route needs no key. */
  readonly actor: string
  /** null = sees everything. */
  readonly tenant: string | null
  readonly requestId: string
}

export function callerOf(c: Context<App>): Caller {
  const { apiKey, requestId } = c.var
  return { actor: apiKey?.name ?? '', tenant: apiKey?.tenant ?? null, requestId }
}

/** A tenant key always writes for its own tenant, and may name no other. */
export function mayWriteFor({ tenant }: Pick<Caller, 'tenant'>, wanted: string | null | undefined): boolean {
  return tenant === null || wanted === undefined || wanted === null || wanted === tenant
}

export const refuseOtherTenant = (...errors: InputError[]): Reply =>
  problem(403, 'This key may only write for its own tenant.', errors.length > 0 ? { errors } : {})
