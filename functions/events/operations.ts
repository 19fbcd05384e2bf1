// Writes events for systems that have something to tell but no row to change.
import * as queries from '../../drizzle/queries.gen.ts'
import { type Caller, mayWriteFor } from '../access/caller.ts'
import type { Database } from '../db.ts'
import { type Json, JsonText, storageProblem, writeJson } from '../http/json.ts'
import type { NewEvent } from './schema.ts'

export const maxBytes = 256 * 1024

export type Emitted =
  | {
      /** The event's public id. */
      readonly id: string
      readonly type: string
      readonly key: string | null
      readonly tenant: string | null
      readonly timestamp: string
      readonly data: JsonText
    }
  | { readonly wrongData: string }
  | 'other tenant'
  | 'too large'

export async function emitEvent(
  db: Database,
  caller: Caller,
  { type, data, key, tenant }: NewEvent,
): Promise<Emitted> {
  if (!mayWriteFor(caller, tenant)) return 'other tenant'
  const wrongData = storageProblem(data)
  if (wrongData) return { wrongData }
  const event = { type, key, tenant: caller.tenant ?? tenant }
  const written = await queries.emitEvent(db.run, { ...event, data: writeJson(data as Json), maxBytes })
  if (!written) return 'too large'
  return { id: written.id, ...event, timestamp: written.timestamp, data: new JsonText(written.data) }
}
