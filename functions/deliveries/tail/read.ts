// New attempts from the database, from a position on (drizzle/queries/tail_attempts.sql).
import { formatDeliveryId, formatId } from '../../../delivery/ids.ts'
import { redactedAttempt } from '../../../delivery/redact.ts'
import * as queries from '../../../drizzle/queries.gen.ts'
import type { Database } from '../../db.ts'
import type { Position } from '../../http/cursor.ts'
import type { RowKey } from '../read.ts'
import type { ListedError, StatusRange, TailedAttempt } from '../schema.ts'

export interface AttemptFilter {
  readonly endpoint?: RowKey | undefined
  readonly type?: string | undefined
  readonly tenant?: string | undefined
  readonly outcome?: 'delivered' | 'failed' | undefined
  readonly error?: ListedError | undefined
  readonly status?: StatusRange | undefined
}

export interface AttemptsLook {
  readonly attempts: readonly { readonly shown: TailedAttempt; readonly position: Position }[]
  readonly position: Position
  readonly mayHaveMore: boolean
}

const maxLooked = 1_000

/** `position` null = from now on. */
export async function lookForAttempts(
  db: Database,
  reader: string | null,
  filter: AttemptFilter,
  leaseSeconds: number,
  position: Position | null,
): Promise<AttemptsLook> {
  const [fromXid, afterEvent, afterEndpoint, afterNumber, low, laterXid, laterLow] = position ?? []
  const { meta, rows } = await queries.tailAttempts(db.run, {
    fromXid: fromXid ?? null,
    afterEvent: afterEvent ?? null,
    afterEndpoint: afterEndpoint ?? null,
    afterNumber: afterNumber ?? null,
    low: low ?? null,
    laterXid: laterXid ?? null,
    laterLow: laterLow ?? null,
    maxLooked,
    leaseSeconds,
    endpointId: filter.endpoint?.id ?? null,
    endpointNonce: filter.endpoint?.nonce ?? null,
    type: filter.type ?? null,
    tenant: filter.tenant ?? null,
    readerTenant: reader,
  })
  const at = (xid: bigint, event: bigint, endpoint: bigint, number: bigint): Position => [
    xid,
    event,
    endpoint,
    number,
    meta.low,
    meta.laterXid,
    meta.laterLow,
  ]
  return {
    attempts: rows.flatMap(row => {
      const shown = toTailed(row, reader)
      if (!fits(shown, filter)) return []
      return [{ shown, position: at(row.xid, row.eventId, row.endpointId, BigInt(row.number)) }]
    }),
    position: at(meta.fromXid, meta.afterEvent, meta.afterEndpoint, meta.afterNumber),
    mayHaveMore: meta.mayHaveMore,
  }
}

/** Of what the reader may see, so that a filter tells no more than the attempt itself. */
function fits({ error, response_status }: TailedAttempt, filter: AttemptFilter): boolean {
  const { outcome, status } = filter
  if (outcome !== undefined && (error === null) !== (outcome === 'delivered')) return false
  if (filter.error !== undefined && error !== filter.error) return false
  return (
    !status || (response_status !== null && response_status >= status.min && response_status <= status.max)
  )
}

function toTailed(row: queries.TailAttemptsRow, reader: string | null): TailedAttempt {
  const attempt = {
    delivery_id: formatDeliveryId(row.eventId, row.endpointId),
    event_id: formatId('evt', row.eventId, row.eventNonce),
    endpoint_id: formatId('ep', row.endpointId, row.endpointNonce),
    type: row.type,
    key: row.key,
    tenant: row.tenant,
    number: row.number,
    started_at: iso(row.startedAt),
    duration_ms: row.durationMs,
    response_status: row.responseStatus,
    error: row.error,
    sender: row.sender,
    state: row.state,
    due_at: row.dueAt === null ? null : iso(row.dueAt),
  }
  return reader === null ? attempt : redactedAttempt(attempt)
}

const iso = (time: string) => new Date(time).toISOString()
