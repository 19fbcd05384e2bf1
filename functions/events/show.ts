// The data of an event, for somebody who asks to see it. That they asked is in the audit.
import { parseId } from '../../delivery/ids.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import type { Caller } from '../access/caller.ts'
import type { Database } from '../db.ts'

/** Null where there is no such event. */
export async function showEventData(db: Database, caller: Caller, id: string): Promise<string | null> {
  const key = parseId('evt', id)
  const shown = key && (await queries.showEvent(db.run, { ...caller, ...key }))
  return shown?.data ?? null
}
