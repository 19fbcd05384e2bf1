// Writes many events with one statement: all of them, or none.
import * as queries from '../../../drizzle/queries.gen.ts'
import { type Caller, mayWriteFor } from '../../access/caller.ts'
import type { Database } from '../../db.ts'
import { type Json, storageProblem, writeJson } from '../../http/json.ts'
import { maxBytes } from '../operations.ts'
import type { NewEvent } from '../schema.ts'

export const maxTotalBytes = 4 * 1024 * 1024

/** What keeps a batch from being written; `place` is that of the first such event, from 0. */
export type Refusal =
  | { readonly refused: 'other tenant'; readonly place: number }
  | { readonly refused: 'wrong data'; readonly place: number; readonly wrongData: string }
  | { readonly refused: 'too large'; readonly place: number }
  | { readonly refused: 'too large together' }

export type EmittedAll = { readonly ids: readonly string[] } | Refusal

export async function emitEvents(
  db: Database,
  caller: Caller,
  events: readonly NewEvent[],
): Promise<EmittedAll> {
  for (const [place, { data, tenant }] of events.entries()) {
    if (!mayWriteFor(caller, tenant)) return { refused: 'other tenant', place }
    const wrongData = storageProblem(data)
    if (wrongData) return { refused: 'wrong data', place, wrongData }
  }
  const written = events.map(event => ({ ...event, tenant: caller.tenant ?? event.tenant }))
  const { ids, tooLarge } = await queries.emitEvents(db.run, {
    events: writeJson(written as Json),
    maxBytes,
    maxTotalBytes,
  })
  if (ids) return { ids }
  return tooLarge === null ? { refused: 'too large together' } : { refused: 'too large', place: tooLarge }
}
