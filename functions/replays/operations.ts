// A person wants an endpoint's past events sent, again or for the first time. A replay is counted, begun and stopped here;
// the senders work through it in small steps (drizzle/queries/step_replay.sql).
import { formatId, parseId } from '../../delivery/ids.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import type { Caller } from '../access/caller.ts'
import type { Database } from '../db.ts'
import type { InputError } from '../http/problem.ts'
import { maxCounted, type NewReplay, type ReplayCount } from './schema.ts'

export type Started =
  | { readonly counted: ReplayCount }
  | { readonly started: ReplayCount }
  | { readonly wrongInput: InputError }
  | 'unknown endpoint'
  | 'endpoint disabled'
  | 'already running'

export async function startReplay(
  db: Database,
  caller: Caller,
  endpointId: string,
  { since, until, event_types, only, dry_run, rate_per_second }: NewReplay,
): Promise<Started> {
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
  if (!found.inRange) {
    return { wrongInput: { path: until ? 'until' : 'since', message: 'must not be in the future' } }
  }
  const { id, nonce, state } = found
  const count = { count: found.count, count_is_estimate: found.hasMore }
  if (dry_run) return { counted: count }
  if (state === 'disabled') return 'endpoint disabled'
  if (id === null || nonce === null) return 'already running'
  return { started: { ...count, id: formatId('rpl', id, nonce) } }
}

/** What it has made due stays due; one that is done stays done, and one that is unknown changes nothing. */
export async function cancelReplay(db: Database, caller: Caller, id: string): Promise<void> {
  const key = parseId('rpl', id)
  if (key) await queries.cancelReplay(db.run, { ...caller, ...key })
}
