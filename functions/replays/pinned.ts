// Replays whose deliveries are pinned: a preview writes down what it has shown, and its token starts exactly that. What
// happens meanwhile adds nothing to it.

import { toHex } from '../../delivery/hex.ts'
import { formatDeliveryId, formatId, parseId } from '../../delivery/ids.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import type { Caller } from '../access/caller.ts'
import type { Database } from '../db.ts'
import { walkDeliveries } from '../deliveries/list.ts'
import { toStatusRange } from '../deliveries/schema.ts'
import { withoutQuery } from '../endpoints/read.ts'
import type { InputError } from '../http/problem.ts'
import type { NewRedelivery, Preview, RedeliveryFilter } from './schema.ts'

/** Long enough to read it. */
const ttlSeconds = 15 * 60
/** Of one preview: each takes eight bytes until the replay is over. */
const maxPinned = 20_000
/** A second or two of the database's time, at most. */
const maxLooked = 250_000

type Asked = Required<Pick<NewRedelivery, 'include_delivered' | 'rate_per_second'>> & {
  readonly filter: RedeliveryFilter
}

/** What was shown, and the token that starts it. */
export type Pinned = queries.PreviewReplayRow & { readonly token: string }

export async function previewRedelivery(db: Database, caller: Caller, asked: Asked): Promise<Preview> {
  const { pinned, hasMore } = await pinRedelivery(db, caller, asked)
  return { ...toPreview(pinned), has_more: hasMore }
}

/** `hasMore`: older ones match too, and are not among them. */
export async function pinRedelivery(
  db: Database,
  caller: Caller,
  asked: Asked,
): Promise<{ readonly pinned: Pinned; readonly hasMore: boolean }> {
  const { filter, include_delivered, rate_per_second } = asked
  const page = { after: null, limit: maxPinned, maxLooked }
  const walk = await walkDeliveries(db, caller.tenant, parsed(filter), page)
  const pinned = await pin(db, caller, {
    deliveries: walk.rows,
    endpointId: null,
    filter,
    scope: include_delivered ? 'all' : 'undelivered',
    ratePerSecond: rate_per_second,
  })
  return { pinned, hasMore: walk.isFull || walk.goesOnAt !== null }
}

/** One event for one endpoint, also one that it has, or that was never made into a delivery. */
export function pinEvent(db: Database, caller: Caller, event: RowKey, endpoint: RowKey): Promise<Pinned> {
  return pin(db, caller, {
    deliveries: [{ eventId: event.id, endpointId: endpoint.id }],
    endpointId: null,
    filter: {
      event_id: formatId('evt', event.id, event.nonce),
      endpoint_id: formatId('ep', endpoint.id, endpoint.nonce),
    },
    scope: 'all',
    ratePerSecond: null,
  })
}

interface RowKey {
  readonly id: bigint
  readonly nonce: number
}

function parsed({ endpoint_id, event_id, response_status, since, until, ...rest }: RedeliveryFilter) {
  return {
    ...rest,
    endpoint: endpoint_id === undefined ? undefined : parseId('ep', endpoint_id)!,
    event: event_id === undefined ? undefined : parseId('evt', event_id)!,
    status: response_status === undefined ? undefined : toStatusRange(response_status),
    since: since === undefined ? undefined : new Date(since),
    until: until === undefined ? undefined : new Date(until),
  }
}

type ToPin = Pick<
  queries.PreviewReplayParameters,
  'deliveries' | 'endpointId' | 'scope' | 'ratePerSecond'
> & { readonly filter: object }

export async function pin(
  db: Database,
  { tenant }: Caller,
  { filter, ...deliveries }: ToPin,
): Promise<Pinned> {
  const secret = toHex(await db.randomOnce('token', crypto.getRandomValues(new Uint8Array(32))))
  const token = `prv_${secret}`
  const found = await queries.previewReplay(db.run, {
    ...deliveries,
    tenant,
    filter: JSON.stringify(filter),
    tokenHash: await hashed(token),
    ttlSeconds,
  })
  return { ...found, token }
}

/** As clients of the API see it. */
export function toPreview(found: Pinned) {
  return {
    count: found.count,
    token: found.token,
    expires_at: iso(found.expiresAt),
    already_delivered: found.alreadyDelivered,
    on_their_way: found.onTheirWay,
    not_accepted: found.notAccepted,
    oldest: found.oldest && iso(found.oldest),
    newest: found.newest && iso(found.newest),
    seconds: found.seconds,
    endpoints: found.endpoints.map(({ id, nonce, url, count }) => ({
      id: formatId('ep', id, nonce),
      url: withoutQuery(url),
      count,
    })),
    types: found.types.map(({ type, count }) => ({ type, count })),
    samples: found.samples.map(({ eventId, endpointId }) => formatDeliveryId(eventId, endpointId)),
  }
}

export type StartedPinned =
  | { readonly started: { readonly id: string; readonly count: number } }
  | { readonly wrongInput: InputError }
  | 'used'

/** `endpoint`: the token must be of a preview for it; null = of a redelivery by filter. */
export async function startPinned(
  db: Database,
  { tenant, actor, requestId }: Caller,
  token: string,
  endpoint: { readonly id: bigint; readonly nonce: number } | null,
): Promise<StartedPinned> {
  const found = await queries.startPinnedReplay(db.run, {
    tokenHash: await hashed(token),
    tenant,
    endpointId: endpoint?.id ?? null,
    endpointNonce: endpoint?.nonce ?? null,
    actor,
    requestId,
  })
  if (!found || (found.state === 'previewed' && found.isExpired)) {
    return { wrongInput: { path: 'token', message: 'is unknown or has expired: make another preview' } }
  }
  if (found.state !== 'previewed') return 'used'
  return { started: { id: formatId('rpl', found.id, found.nonce), count: found.count } }
}

/** What the database holds starts nothing. */
async function hashed(token: string): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token))))
}

const iso = (time: string) => new Date(time).toISOString()
