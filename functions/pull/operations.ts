// Pull endpoints: their receiver fetches finished, signed requests and says what came of each. Leases, order, retries and
// settlement are those of every delivery; only who sends is another.
import { deliver } from '../../delivery/deliver.ts'
import { type Endpoint, openEndpoint } from '../../delivery/endpoint.ts'
import { parseDeliveryId, parseId } from '../../delivery/ids.ts'
import { classify, withoutResponse } from '../../delivery/outcome.ts'
import type { SignedRequest } from '../../delivery/send.ts'
import { settle } from '../../delivery/settlement.ts'
import { ed25519Signer, hmacSigner } from '../../delivery/signature.ts'
import type { Leased, Settlement } from '../../delivery/types.ts'
import { userAgent } from '../../delivery/version.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import { createStore, leased } from '../../drizzle/store.ts'
import type { Caller } from '../access/caller.ts'
import type { Database } from '../db.ts'
import { findDelivery } from '../deliveries/read.ts'
import type { Settings } from '../settings.ts'
import type { Pull, PullSettlement } from './schema.ts'

/** Nobody else may pull for so long after a pull. Longer than `maxWaitSeconds` and a slow answer. */
const holdSeconds = 15
/** How long a receiver may take until it is given the delivery again. */
export const pullLeaseSeconds = 60
const lookAgainMs = 500
/** A failing laptop disables nothing: its owner sees it. As seconds, a hundred years. */
const never = 3_155_760_000

export interface PulledDelivery {
  readonly delivery: Leased
  readonly key: string | null
  readonly request: SignedRequest
}

export type PullResult =
  | {
      readonly pulled: readonly PulledDelivery[]
      readonly meta: queries.PullMeta
      readonly leaseSeconds: number
    }
  | { readonly heldBy: string; readonly seenSeconds: number }
  | 'unknown'
  | 'disabled'

export async function pull(
  db: Database,
  settings: Settings,
  caller: Caller,
  id: string,
  wanted: Pull,
): Promise<PullResult> {
  const key = parseId('ep', id)
  if (!key) return 'unknown'
  const until = performance.now() + wanted.wait_seconds * 1000
  for (let isFirst = true; ; isFirst = false) {
    const lease = `${wanted.holder}:${crypto.randomUUID()}`
    const { meta, rows } = await queries.pull(db.run, {
      tenant: caller.tenant,
      id: String(key.id) as Leased['endpointId'],
      nonce: key.nonce,
      holder: wanted.holder,
      holdSeconds,
      takeOver: wanted.take_over && isFirst,
      resume: wanted.resume && isFirst,
      lease,
      leaseSeconds: pullLeaseSeconds,
      limit: wanted.limit,
    })
    if (meta.state === null) return 'unknown'
    if (meta.state === 'disabled') return 'disabled'
    if (!meta.mine) return { heldBy: meta.holder ?? '', seenSeconds: meta.seenSeconds ?? 0 }
    if (rows.length > 0 || performance.now() >= until)
      return { pulled: await prepare(db, settings, lease, rows), meta, leaseSeconds: pullLeaseSeconds }
    await new Promise(resolve => setTimeout(resolve, lookAgainMs))
  }
}

/** What cannot be sent at all (its secret does not open, its body is too large) is settled here. */
async function prepare(
  db: Database,
  settings: Settings,
  lease: string,
  rows: readonly queries.PullRow[],
): Promise<PulledDelivery[]> {
  const [first] = rows
  if (!first) return []
  const [sealed] = await queries.readEndpoints(db.run, { ids: [first.endpointId] })
  const { keyring, delivery: defaults } = settings
  const endpoint = await openEndpoint(sealed!, { keyring, hmacSigner, ed25519Signer, defaults })
  const store = storeOn(db)
  const given = rows.map(({ key: _, ...row }) => leased(row, lease))
  const deliveries = endpoint.sequence ? await store.number(given) : given
  const prepared = await Promise.all(
    deliveries.map((delivery, i) => requestOf(delivery, rows[i]!.key, endpoint)),
  )
  const unsendable = prepared.flatMap(result => ('settlement' in result ? result.settlement : []))
  if (unsendable.length > 0) await store.settleIfLeased(unsendable)
  return prepared.flatMap(result => ('request' in result ? result : []))
}

/** The sender's own deliver(), whose request goes to the caller in place of the network. */
function requestOf(
  delivery: Leased,
  key: string | null,
  endpoint: Endpoint,
): Promise<PulledDelivery | { readonly settlement: Settlement }> {
  return new Promise((resolve, reject) => {
    const ports = {
      send: (request: SignedRequest) => resolve({ delivery, key, request }),
      now: Date.now,
      clock,
      random: Math.random,
      userAgent,
    }
    deliver(delivery, endpoint, ports, settlement => resolve({ settlement }), reject)
  })
}

export type Settled = 'settled' | 'unknown' | 'lease lost'

export async function settlePulled(
  db: Database,
  { delivery: defaults }: Settings,
  caller: Caller,
  id: string,
  seen: PullSettlement,
): Promise<Settled> {
  const ids = parseDeliveryId(id)
  if (!ids) return 'unknown'
  const eventId = String(ids.eventId) as Leased['eventId']
  const endpointId = String(ids.endpointId) as Leased['endpointId']
  const held = await queries.leasedPull(db.run, {
    endpointId,
    eventId,
    lease: seen.lease,
    tenant: caller.tenant,
  })
  if (!held) return (await findDelivery(db, caller, id)) ? 'lease lost' : 'unknown'
  const delivery = { eventId, endpointId, lease: seen.lease, group: null, ...held }
  const endpoint = { retrySchedule: held.retrySchedule ?? defaults.retrySchedule }
  // It began under its lease, however long the receiver says it took.
  const sinceMs = Math.min(seen.duration_ms, pullLeaseSeconds * 1000)
  const timing = { startedAt: clock() - sinceMs, durationMs: seen.duration_ms }
  const settlement = settle(delivery, endpoint, outcomeOf(seen), timing, Math.random)
  const { lost } = await storeOn(db).settleIfLeased([settlement])
  return lost.length > 0 ? 'lease lost' : 'settled'
}

function outcomeOf({ status, error, response_body }: PullSettlement) {
  if (status === null) return withoutResponse(error ?? 'connection')
  const body = new TextEncoder().encode(response_body ?? '')
  const outcome = classify({ status, retryAfter: null, date: null, body }, Date.now())
  // A laptop's 410 does not end its tunnel.
  return outcome.kind === 'failed' && outcome.error === 'gone'
    ? { ...outcome, error: 'bad_status' as const }
    : outcome
}

const clock = () => performance.now()

const storeOn = (db: Database) => createStore(db.run, { sender: 'pull', clock, disableAfterSeconds: never })
