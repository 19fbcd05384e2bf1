// The answers that several routes of an endpoint share.
import type { Context } from 'hono'
import { callerOf, refuseOtherTenant } from '../access/caller.ts'
import { badInput, problem } from '../http/problem.ts'
import { type Reply, reply } from '../http/reply.ts'
import type { App } from '../settings.ts'
import type { Changed, Refusal } from './operations.ts'
import { findEndpoint } from './read.ts'

export async function replyEndpoint(c: Context<App>, id: string): Promise<Reply> {
  const endpoint = await findEndpoint(c.var.db, id, callerOf(c))
  return endpoint ? reply(endpoint) : unknownEndpoint()
}

export function replyChanged(c: Context<App>, id: string, changed: Changed): Reply | Promise<Reply> {
  if (changed === 'changed') return replyEndpoint(c, id)
  if (changed === 'unknown') return unknownEndpoint()
  return problem(409, `The endpoint must be ${changed.allowed.join(' or ')} for that.`, {
    type: 'endpoint-state',
  })
}

export const isRefusal = (result: unknown): result is Refusal =>
  result === 'other tenant' ||
  result === 'name taken' ||
  (typeof result === 'object' && result !== null && 'wrongInput' in result)

export function replyRefusal(refusal: Refusal): Reply {
  if (refusal === 'other tenant') return refuseOtherTenant()
  if (refusal === 'name taken') return nameTaken()
  return badInput(...refusal.wrongInput)
}

export const nameTaken = () =>
  problem(409, 'Another endpoint of this tenant has that name.', { type: 'name-taken' })
export const unknownEndpoint = () => problem(404, 'There is no such endpoint.')
export const disabledEndpoint = () =>
  problem(409, 'The endpoint is disabled: resume it first.', { type: 'endpoint-disabled' })
