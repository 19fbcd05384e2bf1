// Changes an endpoint's row: one statement, which is also the one that writes it into the audit.
import type { Context } from 'hono'
import { parseId } from '../../delivery/ids.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import { endpointState } from '../../drizzle/schema/outbox.ts'
import { callerOf } from '../access/caller.ts'
import type { Json } from '../http/json.ts'
import { problem } from '../http/problem.ts'
import { type Reply, reply } from '../http/reply.ts'
import type { App } from '../settings.ts'
import { findEndpoint, unknownEndpoint } from './endpoint.ts'

/** By column. */
type Changes = Readonly<Record<string, Json>>
type State = (typeof endpointState.enumValues)[number]

/** Returns what to answer when it could not be done, else null. */
export async function updateEndpoint(
  c: Context<App>,
  publicId: string,
  action: string,
  changes: Changes,
  from: readonly State[] = endpointState.enumValues,
): Promise<Reply | null> {
  const key = parseId('ep', publicId)
  if (!key) return unknownEndpoint()
  const found = await queries.updateEndpoint(c.var.db.run, {
    ...key,
    ...callerOf(c),
    changes: JSON.stringify(changes),
    from,
    action,
  })
  if (!found) return unknownEndpoint()
  return found.isAllowed ? null : problem(409, `The endpoint must be ${from.join(' or ')} for that.`)
}

export async function replyEndpoint(c: Context<App>, publicId: string): Promise<Reply> {
  const endpoint = await findEndpoint(c.var.db, publicId, callerOf(c))
  return endpoint ? reply(endpoint) : unknownEndpoint()
}
