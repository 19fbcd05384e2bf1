// A page of the list of deliveries, found by walking back through the events at a bounded cost
// (drizzle/queries/list_deliveries.sql).
import { unreachableKinds } from '../../delivery/redact.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import type { Database } from '../db.ts'
import type { Position } from '../http/cursor.ts'
import type { Walk } from '../http/pagination.ts'
import type { RowKey } from './read.ts'
import type { ListedError, State, StatusRange } from './schema.ts'

export interface DeliveryFilter {
  readonly state?: State | undefined
  readonly endpoint?: RowKey | undefined
  readonly event?: RowKey | undefined
  /** What the last attempt failed with. */
  readonly error?: ListedError | undefined
  /** What the last attempt was answered. */
  readonly status?: StatusRange | undefined
  readonly type?: string | undefined
  /** The event's. */
  readonly tenant?: string | undefined
  readonly key?: string | undefined
  /** When the event happened, inclusive. */
  readonly since?: Date | undefined
  /** Exclusive. */
  readonly until?: Date | undefined
}

/** Rows and probes a page costs at most, roughly: some 25 ms. */
const usualMaxLooked = 3_000

interface WalkedPage {
  readonly after: Position | null
  readonly limit: number
  /** For tests of a walk that takes many pages. */
  readonly maxLooked?: number
}

export type ListedRow = queries.ListDeliveriesRow

export async function walkDeliveries(
  db: Database,
  reader: string | null,
  filter: DeliveryFilter,
  { after, limit, maxLooked = usualMaxLooked }: WalkedPage,
): Promise<Walk<ListedRow>> {
  const { state, endpoint, event, status, type, tenant, key, since, until } = filter
  const reasons = reasonsFor(filter, reader)
  const { meta, rows } = await queries.listDeliveries(db.run, {
    beforeEvent: after?.[0] ?? null,
    beforeEndpoint: after?.[1] ?? null,
    page: limit,
    maxLooked,
    source: sourceFor(filter, reader),
    endpointId: endpoint?.id ?? null,
    endpointNonce: endpoint?.nonce ?? null,
    eventId: event?.id ?? null,
    eventNonce: event?.nonce ?? null,
    state: state ?? null,
    reasons,
    minStatus: status?.min ?? null,
    maxStatus: status?.max ?? null,
    type: type ?? null,
    tenant: tenant ?? null,
    key: key ?? null,
    since: since ?? null,
    until: until ?? null,
    readerTenant: reader,
    hidden: reader === null ? [] : unreachableKinds,
    rowCost:
      1 +
      Number(status !== undefined) +
      Number([type, tenant, key, since, until].some(one => one !== undefined)),
  })
  const isOver = meta.isFull || meta.isComplete
  return {
    rows,
    isFull: meta.isFull,
    goesOnAt: isOver ? null : [meta.lookedTo + 1n, 0n],
    lookedTo: isOver ? null : meta.lookedToAt && new Date(meta.lookedToAt).toISOString(),
  }
}

/** Where few rows have to be looked at: an index that knows what is rare, or the events, of which indexes know more. */
function sourceFor(
  { state, endpoint, event, error, status, type, tenant, key }: DeliveryFilter,
  reader: string | null,
) {
  if (event) return 'any'
  if (key !== undefined) return 'events'
  if (error !== undefined || (status && !isSuccess(status))) return 'failed'
  if (state === 'dead' || state === 'pending' || state === 'sending') return state
  if (state === 'canceled') return 'rows'
  if (type !== undefined || tenant !== undefined) return 'events'
  if (endpoint) return 'endpoint'
  return reader === null ? 'any' : 'events'
}

const isSuccess = ({ min, max }: StatusRange) => min >= 200 && max <= 299

/** The failures that come with a status. */
const answered = ['bad_status', 'throttled', 'redirect', 'gone', 'bad_response']

/** As a tenant sees it: asking for one of the kinds that are `unreachable` to it finds nothing. */
function reasonsFor({ error, status }: DeliveryFilter, reader: string | null): readonly string[] | null {
  const withStatus = status && !isSuccess(status) ? answered : null
  if (error === undefined) return withStatus
  const reasons =
    error === 'unreachable'
      ? unreachableKinds
      : reader !== null && unreachableKinds.includes(error)
        ? []
        : [error]
  return withStatus ? reasons.filter(reason => withStatus.includes(reason)) : reasons
}

/** As `toDelivery` takes it. */
export function toRow(row: ListedRow) {
  return {
    ...row,
    dueAt: new Date(row.dueAt),
    createdAt: new Date(row.createdAt),
    finishedAt: row.finishedAt === null ? null : new Date(row.finishedAt),
  }
}
