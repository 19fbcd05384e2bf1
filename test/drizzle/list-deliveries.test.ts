// The walk through deliveries: whatever is asked for, its pages together are exactly what a scan of everything finds.
import fc from 'fast-check'
import type pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { type DeliveryFilter, walkDeliveries } from '../../functions/deliveries/list.ts'
import type { Position } from '../../functions/http/cursor.ts'
import { startOperations } from '../functions/operations.ts'

let client: pg.Client
let db: Awaited<ReturnType<typeof startOperations>>['db']

/**
 * 600 events in bursts with gaps between their ids, 7 endpoints, deliveries in every state and in all three tables. An endpoint of a
 * tenant has deliveries of that tenant's events alone, unless it was another's before.
 */
beforeAll(async () => {
  ;({ client, db } = await startOperations())
  await client.query(`
    set session_replication_role = replica;
    insert into outbox.endpoints (url, tenant, changed_tenant)
    select 'https://example.com/' || n, case when n > 4 then 't' || n % 2 end, n = 6
    from generate_series(1, 7) as n;
    insert into outbox.events (id, type, data, key, tenant, occurred_at) overriding system value
    select n + n / 50 * 900, 'type.' || n % 4, '{}', case when n % 3 > 0 then 'k' || n % 7 end, case when n % 2 > 0 then 't' || n % 3 end,
           timestamptz '2026-03-01' + n * interval '1 minute'
    from generate_series(1, 600) as n;
    create temporary table planned as
    select e.id as event_id, p.id as endpoint_id, (hashint8(e.id * 31 + p.id) & 1023) as r, e.occurred_at
    from outbox.events e cross join outbox.endpoints p
    where (hashint8(e.id * 17 + p.id) & 7) < 3 and (p.tenant is null or p.changed_tenant or p.tenant = e.tenant);
    insert into outbox.delivered_at_once (endpoint_id, event_id, created_at, started_at, duration_ms, sender, response_status)
    select endpoint_id, event_id, occurred_at, occurred_at, 3, 'listener', case when r % 2 = 0 then 200 else 204 end from planned where r < 500;
    insert into outbox.delivery_rows (endpoint_id, event_id, state, attempt, reason, lease, leased_until, created_at, finished_at)
    select endpoint_id, event_id, s::outbox.delivery_state, 2,
           case when s in ('dead', 'pending') then (array['timeout', 'bad_status', 'dns'])[1 + r % 3] when s = 'canceled' then 'endpoint deleted' end,
           case when s = 'sending' then 'a:1' end, case when s = 'sending' then now() end, occurred_at,
           case when s not in ('pending', 'sending') then occurred_at end
    from (select *, (array['dead', 'pending', 'canceled', 'delivered', 'sending'])[1 + r % 5] as s from planned where r >= 480 and r < 960) p;
    insert into outbox.attempt_rows (endpoint_id, event_id, number, sender, started_at, duration_ms, response_status, error)
    select endpoint_id, event_id, number, 'cron', created_at, 1, case when state = 'delivered' and number = 2 then 200 when reason = 'bad_status' then 500 + event_id % 4 end, reason
    from outbox.delivery_rows cross join generate_series(1, 2) as number;
    insert into outbox.delivery_groups (endpoint_id, id, event_ids, lease, leased_until, created_at)
    select endpoint_id, min(event_id), array_agg(event_id order by event_id), 'a:2', now(), now() from planned where r >= 960 group by 1;
    set session_replication_role = origin`)
})

/** One after the other, as the API's pages. */
async function walkAll(reader: string | null, filter: DeliveryFilter, limit: number): Promise<string[]> {
  const found: string[] = []
  let after: Position | null = null
  for (;;) {
    const walk = await walkDeliveries(db, reader, filter, { after, limit, maxLooked: 400 })
    found.push(...walk.rows.map(row => `${row.eventId}/${row.endpointId}`))
    const last = walk.rows.at(-1)
    const next: Position | null = walk.isFull ? [last!.eventId, last!.endpointId] : walk.goesOnAt
    if (next === null) return found
    expect(after === null || next[0]! < after[0]! || next[1]! < after[1]!, 'it goes on').toBe(true)
    after = next
  }
}

async function scan(reader: string | null, filter: DeliveryFilter): Promise<string[]> {
  const { state, error, status, type, tenant, key, since, until, endpoint, event } = filter
  const hidden = reader !== null
  const { rows } = await client.query(
    `select d.event_id || '/' || d.endpoint_id as id
     from outbox.deliveries d
     join outbox.events e on e.id = d.event_id
     join outbox.endpoints p on p.id = d.endpoint_id
     left join lateral (select a.response_status from outbox.attempts a where a.endpoint_id = d.endpoint_id and a.event_id = d.event_id
                        order by number desc limit 1) a on true
     where ($1::text is null or e.tenant = $1 and p.tenant = $1)
       and ($2::text is null or d.state = $2::outbox.delivery_state)
       and ($3::text is null or case when d.reason in ('timeout', 'dns') and ($3 = 'unreachable' or $4) then $3 = 'unreachable' else d.reason = $3 end)
       and ($5::int is null or a.response_status between $5 and $6)
       and ($7::text is null or e.type = $7) and ($8::text is null or e.tenant = $8) and ($9::text is null or e.key = $9)
       and ($10::timestamptz is null or e.occurred_at >= $10) and ($11::timestamptz is null or e.occurred_at < $11)
       and ($12::bigint is null or p.id = $12) and ($13::bigint is null or e.id = $13)
     order by d.event_id desc, d.endpoint_id desc`,
    [
      reader,
      state,
      error,
      hidden,
      status?.min,
      status?.max,
      type,
      tenant,
      key,
      since,
      until,
      endpoint?.id,
      event?.id,
    ],
  )
  return rows.map(row => row.id)
}

/** Few of them at once, or nothing would match. */
const maybe = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })
const time = fc.integer({ min: -5, max: 620 }).map(n => new Date(Date.UTC(2026, 2, 1) + n * 60_000))
const filters = fc.record({
  state: maybe(fc.constantFrom('pending', 'sending', 'delivered', 'dead', 'canceled')),
  error: maybe(fc.constantFrom('timeout', 'bad_status', 'dns', 'gone', 'unreachable')),
  status: maybe(
    fc.constantFrom(
      { min: 200, max: 299 },
      { min: 204, max: 204 },
      { min: 500, max: 599 },
      { min: 503, max: 503 },
    ),
  ),
  type: maybe(fc.constantFrom('type.1', 'type.3', 'none')),
  tenant: maybe(fc.constantFrom('t0', 't1', 't2')),
  key: maybe(fc.constantFrom('k1', 'k5')),
  since: maybe(time),
  until: maybe(time),
  endpoint: maybe(fc.constantFrom({ id: 2n }, { id: 6n })),
  event: maybe(fc.constantFrom({ id: 3n }, { id: 4654n })),
})

test('the pages of any filter are what a scan finds, each delivery once and in order', async () => {
  const nonces = await client.query('select id, nonce from outbox.endpoints')
  const nonceOf = new Map(nonces.rows.map(row => [BigInt(row.id), row.nonce as number]))
  let found = 0
  await fc.assert(
    fc.asyncProperty(
      filters,
      fc.constantFrom(null, null, 't0', 't1'),
      fc.integer({ min: 20, max: 200 }),
      async (given, reader, limit) => {
        const { endpoint } = given
        const filter = { ...given, endpoint: endpoint && { ...endpoint, nonce: nonceOf.get(endpoint.id)! } }
        const expected = await scan(reader, filter)
        expect(await walkAll(reader, filter, limit)).toEqual(expected)
        found += expected.length
      },
    ),
    { numRuns: 60 },
  )
  expect(found).toBeGreaterThan(500)
})

test.each([
  {},
  { state: 'delivered' },
  { state: 'dead' },
  { state: 'pending' },
  { state: 'sending' },
  { state: 'canceled' },
  { error: 'dns' },
  { status: { min: 200, max: 299 } },
  { status: { min: 500, max: 599 } },
  { type: 'type.1' },
  { tenant: 't1' },
  { key: 'k5' },
] as const)('alone, %j finds what a scan finds', async filter => {
  const expected = await scan(null, filter)
  expect(expected.length).toBeGreaterThan(0)
  expect(await walkAll(null, filter, 40)).toEqual(expected)
})

test('the first page of an endpoint is full although it had nothing for long', async () => {
  const { rows } = await client.query(
    `insert into outbox.endpoints (url) values ('https://example.com/old') returning id, nonce`,
  )
  const endpoint = { id: BigInt(rows[0].id), nonce: rows[0].nonce as number }
  await client.query(
    `insert into outbox.delivered_at_once (endpoint_id, event_id, created_at, started_at, duration_ms, sender, response_status)
     select $1, e.id, e.occurred_at, e.occurred_at, 3, 'listener', 200 from (select * from outbox.events order by id limit 400) e`,
    [endpoint.id],
  )
  const walk = await walkDeliveries(db, null, { endpoint }, { after: null, limit: 5, maxLooked: 400 })
  expect(walk.rows).toHaveLength(5)
  expect(await walkAll(null, { endpoint }, 5)).toEqual(await scan(null, { endpoint }))
})
