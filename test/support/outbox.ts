// An outbox for tests: endpoints with real sealed secrets, events, a listener inside this process.
import type pg from 'pg'
import { secretContext } from '../../delivery/endpoint.ts'
import { formatSecret, generateSecret } from '../../delivery/keys.ts'
import { openKeyring } from '../../delivery/secrets.ts'
import type { EndpointId } from '../../delivery/types.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import { type ClaimRequest, createStore, type FanOutRequest, type StoreOptions } from '../../drizzle/store.ts'
import { runOn } from '../../worker/database.ts'
import { type Listener, startListener } from '../../worker/listener.ts'
import { readListenerSettings } from '../../worker/settings.ts'
import { atEnd } from './cleanup.ts'
import { testSettings } from './settings.ts'

export interface TestEndpoint {
  id: EndpointId
  secret: string
}

/** Columns that are not given have their defaults. */
export async function addEndpoint(
  client: pg.Client,
  columns: { url: string } & Record<string, unknown>,
): Promise<TestEndpoint> {
  const names = Object.keys(columns)
  const places = names.map((_, i) => `$${i + 1}`)
  const { rows } = await client.query(
    `insert into outbox.endpoints (${names.join()}) values (${places.join()}) returning id::text`,
    Object.values(columns),
  )
  const id = rows[0].id as EndpointId
  return { id, secret: await addSecret(client, id) }
}

/** A new signing key for the endpoint, sealed as the API seals it. */
export async function addSecret(client: pg.Client, endpointId: EndpointId): Promise<string> {
  const key = await generateSecret('hmac')
  const { rows } = await client.query(`select nextval('outbox.endpoint_secrets_id_seq')::text as id`)
  const keyring = await openKeyring(testSettings.OUTBOX_MASTER_KEYS)
  const sealed = await keyring.seal(key.bytes, secretContext(rows[0].id, endpointId))
  await client.query(
    `insert into outbox.endpoint_secrets (id, endpoint_id, signing, sealed) overriding system value
     values ($1, $2, 'hmac', $3)`,
    [rows[0].id, endpointId, Buffer.from(sealed)],
  )
  return formatSecret(key)
}

/** Emits events in one transaction each; returns their public ids. */
export async function emit(
  client: pg.Client,
  count = 1,
  { type = 'test.happened', key }: { type?: string; key?: (n: number) => string } = {},
) {
  const ids: string[] = []
  for (let n = 1; n <= count; n++) {
    const { rows } = await client.query('select outbox.emit($1, $2, $3) as id', [
      type,
      key ? { n, key: key(n) } : { n },
      key?.(n) ?? null,
    ])
    ids.push(rows[0].id)
  }
  return ids
}

export async function emitAtOnce(client: pg.Client, count: number, type = 'test.happened'): Promise<void> {
  await client.query(
    `select count(outbox.emit($1, jsonb_build_object('n', n))) from generate_series(1, $2) as n`,
    [type, count],
  )
}

/** A listener with its own connections. If the test leaves it running, it ends with the test file. */
export async function startTestListener(url: string, env: Record<string, string> = {}): Promise<Listener> {
  const listener = await startListener(
    readListenerSettings({
      ...testSettings,
      DATABASE_URL_UNPOOLED: url,
      OUTBOX_HEALTH_PORT: '0',
      OUTBOX_LOG_LEVEL: 'silent',
      OUTBOX_REQUEST_TIMEOUT_SECONDS: '5',
      ...env,
    }),
  )
  let stopped: Promise<boolean> | null = null
  const stop = () => (stopped ??= listener.stop())
  atEnd(stop)
  return { ...listener, stop }
}

type LeaseRequest = ClaimRequest & FanOutRequest

/**
 * Its clock stands at one second: an attempt that started at 0 began a second ago. `take` does what every sender does: it
 * claims what is due, then fans out what is new.
 */
export function storeOn(client: pg.Client, options: Partial<StoreOptions> = {}) {
  const store = createStore(runOn(client), {
    sender: 'listener',
    clock: () => 1_000,
    disableAfterSeconds: 86_400,
    ...options,
  })
  return {
    ...store,
    async take(request: LeaseRequest) {
      const due = await store.claim(request)
      const fresh = await store.fanOut({
        ...request,
        leaseLimit: request.leaseLimit - due.deliveries.length,
      })
      return {
        deliveries: [...due.deliveries, ...fresh.deliveries],
        meta: { ...due.meta, ...fresh.meta },
      }
    },
  }
}

/** A request that leases as much as there is. */
export const greedy = (lease: string, request: Partial<LeaseRequest> = {}): LeaseRequest => ({
  lease,
  leaseSeconds: 60,
  fanOutLimit: 10_000,
  fanOutFrom: 0n,
  leaseLimit: 10_000,
  defaultCapacity: 10_000,
  capacities: new Map(),
  scanAfter: null,
  scanLimit: 1_000,
  sharers: 1,
  ...request,
})

export async function deliveryStates(client: pg.Client): Promise<Record<string, number>> {
  const { rows } = await client.query(
    'select state, count(*)::int as n from outbox.deliveries group by state',
  )
  return Object.fromEntries(rows.map(row => [row.state, row.n]))
}

/** Takes all deliveries out of their groups, as settling a failure does. */
export async function giveRows(client: pg.Client): Promise<void> {
  const { rows } = await client.query(
    `select endpoint_id::text as "endpointId", id::text as "group", unnest(event_ids)::text as "eventId", lease
     from outbox.delivery_groups`,
  )
  await queries.splitGroups(runOn(client), { deliveries: rows, sent: true })
}

/** All leases, or those that meet the condition, have run out. */
export async function endLeases(client: pg.Client, condition = 'true'): Promise<void> {
  await client.query(
    `update outbox.delivery_rows set leased_until = clock_timestamp() where state = 'sending' and ${condition}`,
  )
  await client.query(`update outbox.delivery_groups set leased_until = clock_timestamp() where ${condition}`)
}
