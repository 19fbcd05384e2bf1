// Writes events for systems that have something to tell but no row to change.
import * as queries from '../../drizzle/queries.gen.ts'
import { type Caller, mayWriteFor } from '../access/caller.ts'
import type { Database } from '../db.ts'
import { type Json, storageProblem, writeJson } from '../http/json.ts'
import type { NewEvent } from './schema.ts'

export const maxBytes = 256 * 1024

export type Emitted =
  /** The event's public id. */
  { readonly id: string } | { readonly wrongData: string } | 'other tenant' | 'too large'

export async function emitEvent(
  db: Database,
  caller: Caller,
  { type, data, key, tenant }: NewEvent,
): Promise<Emitted> {
  if (!mayWriteFor(caller, tenant)) return 'other tenant'
  const wrongData = storageProblem(data)
  if (wrongData) return { wrongData }
  const written = await queries.emitEvent(db.run, {
    type,
    data: writeJson(data as Json),
    key,
    tenant: caller.tenant ?? tenant,
    maxBytes,
  })
  return written ?? 'too large'
}
