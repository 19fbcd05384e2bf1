// A person wants an endpoint's past events sent, again or for the first time. A replay is counted, begun and stopped here;
// the senders work through it in small steps (drizzle/queries/step_replay.sql).
import { formatId, parseId } from '../../delivery/ids.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import type { Caller } from '../access/caller.ts'
import type { Database } from '../db.ts'
import type { InputError } from '../http/problem.ts'
import { type Pinned, pin, toPreview } from './pinned.ts'
import { maxCounted, type NewReplay, type ReplayCount } from './schema.ts'

export type Started =
  /** Pinned by a preview of what an endpoint takes. */
  | { readonly counted: ReplayCount; readonly pinned?: Pinned }
  | { readonly started: ReplayCount }
  | { readonly wrongInput: InputError }
  | 'unknown endpoint'
  | 'endpoint disabled'
  | 'already running'

/** A dry run also pins what it has counted, unless the endpoint takes nothing. */
export async function previewReplay(
  db: Database,
  caller: Caller,
  endpointId: string,
  asked: NewReplay,
): Promise<Started> {
  const counted = await count(db, caller, endpointId, { ...asked, dry_run: true })
  if (typeof counted === 'string' || 'wrongInput' in counted) return counted
  const { found, key } = counted
  const estimate = { count: found.count, count_is_estimate: found.hasMore }
  if (found.state === 'disabled') return { counted: estimate }
  const { since, until, event_types, only, rate_per_second } = asked
  const pinned = await pin(db, caller, {
    deliveries: found.eventIds.map(eventId => ({ eventId: BigInt(eventId), endpointId: key.id })),
    endpointId: key.id,
    filter: { since, until, event_types, only },
    scope: only === 'all' ? 'all' : 'undelivered',
    ratePerSecond: rate_per_second,
  })
  return { counted: { ...estimate, ...toPreview(pinned) }, pinned }
}

type Counted =
  | Exclude<Started, { counted: unknown } | { started: unknown }>
  | { readonly found: queries.StartReplayRow; readonly key: RowKey }

interface RowKey {
  readonly id: bigint
  readonly nonce: number
}

export async function startReplay(
  db: Database,
  caller: Caller,
  endpointId: string,
  asked: NewReplay,
): Promise<Started> {
  const counted = await count(db, caller, endpointId, asked)
  if (typeof counted === 'string' || 'wrongInput' in counted) return counted
  const { count: sent, hasMore, id, nonce, state } = counted.found
  const estimate = { count: sent, count_is_estimate: hasMore }
  if (asked.dry_run) return { counted: estimate }
  if (state === 'disabled') return 'endpoint disabled'
  if (id === null || nonce === null) return 'already running'
  return { started: { ...estimate, id: formatId('rpl', id, nonce) } }
}

/** Counts, and without `dry_run` begins it if it may begin. */
async function count(
  db: Database,
  caller: Caller,
  endpointId: string,
  { since: given, until, event_types, only, dry_run, rate_per_second }: NewReplay,
): Promise<Counted> {
  const since = given! // there is no token
  if (until && since > until) return { wrongInput: { path: 'since', message: 'must not be after until' } }
  const key = parseId('ep', endpointId)
  if (!key) return 'unknown endpoint'
  const found = await queries.startReplay(db.run, {
    ...caller,
    ...key,
    since,
    until: until ?? null,
    eventTypes: event_types,
    scope: only,
    ratePerSecond: rate_per_second,
    dryRun: dry_run,
    maxEvents: maxCounted,
  })
  if (!found) return 'unknown endpoint'
  if (found.inRange) return { found, key }
  return { wrongInput: { path: until ? 'until' : 'since', message: 'must not be in the future' } }
}

/** What it has made due stays due; one that is done stays done, and one that is unknown changes nothing. */
export async function cancelReplay(db: Database, caller: Caller, id: string): Promise<void> {
  const key = parseId('rpl', id)
  if (key) await queries.cancelReplay(db.run, { ...caller, ...key })
}
