// New events from the database, from a position on (drizzle/queries/tail_events.sql).
import * as queries from '../../../drizzle/queries.gen.ts'
import type { Database } from '../../db.ts'
import type { Position } from '../../http/cursor.ts'

export interface TailFilter {
  readonly type?: string | undefined
  readonly tenant?: string | undefined
}

export interface EventsLook {
  readonly rows: readonly queries.TailEventsRow[]
  readonly position: Position
  /** Where to go on after this row. */
  positionAfter(row: queries.TailEventsRow): Position
  /** There may be more at once. */
  readonly mayHaveMore: boolean
}

const maxLooked = 1_000

/** `position` null = from now on. */
export async function lookForEvents(
  db: Database,
  reader: string | null,
  { type, tenant }: TailFilter,
  position: Position | null,
): Promise<EventsLook> {
  const [firstXid, endXid, at, top, low, laterXid, laterLow] = position ?? []
  const { meta, rows } = await queries.tailEvents(db.run, {
    firstXid: firstXid ?? null,
    endXid: endXid ?? null,
    at: at ?? null,
    top: top ?? null,
    low: low ?? null,
    laterXid: laterXid ?? null,
    laterLow: laterLow ?? null,
    maxLooked,
    type: type ?? null,
    tenant: tenant ?? null,
    readerTenant: reader,
  })
  const positionAt = (at: bigint): Position => [
    meta.firstXid,
    meta.endXid,
    at,
    meta.top,
    meta.low,
    meta.laterXid,
    meta.laterLow,
  ]
  return {
    rows,
    position: positionAt(meta.at),
    positionAfter: row => positionAt(row.id),
    mayHaveMore: meta.at < meta.top,
  }
}
