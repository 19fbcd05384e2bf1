// Redeliver all that match: what the preview has shown is sent, and nothing else, whatever happens meanwhile.
import fc from 'fast-check'
import type pg from 'pg'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { formatId } from '../../../delivery/ids.ts'
import type { Caller } from '../../../functions/access/caller.ts'
import type { Database } from '../../../functions/db.ts'
import { cancelReplay, previewReplay } from '../../../functions/replays/operations.ts'
import { previewRedelivery, startPinned } from '../../../functions/replays/pinned.ts'
import { findReplay, listReplays } from '../../../functions/replays/read.ts'
import { NewReplay, type RedeliveryFilter } from '../../../functions/replays/schema.ts'
import { greedy, storeOn } from '../../support/outbox.ts'
import { success } from '../../support/settlements.ts'
import { operator, startOperations, tenant } from '../operations.ts'

let client: pg.Client
let db: Database
let store: ReturnType<typeof storeOn>
beforeAll(async () => {
  ;({ client, db } = await startOperations())
  store = storeOn(client)
})

const endpoints = [1, 2, 3, 4, 5, 6] as const
const nonce = 7
const publicId = (endpoint: number) => formatId('ep', BigInt(endpoint), nonce)

/** Endpoints 1 and 2 are everybody's, 3 and 4 tenant a's, 5 and 6 tenant b's; 60 events, delivered, dead or waiting. */
beforeEach(reset)
async function reset() {
  await client.query(`
    truncate outbox.events, outbox.fanout, outbox.endpoints, outbox.endpoint_health, outbox.delivery_rows, outbox.delivery_groups,
      outbox.delivered_at_once, outbox.attempt_rows, outbox.replays, outbox.replay_parts, outbox.endpoint_secrets restart identity cascade;
    insert into outbox.endpoints (id, nonce, url, tenant, max_in_flight) overriding system value
    select n, ${nonce}, 'https://example.com/' || n, case when n > 4 then 'b' when n > 2 then 'a' end, 1 + n * 2 from generate_series(1, 6) as n;
    insert into outbox.events (id, type, data, tenant, occurred_at) overriding system value
    select n, 'type.' || n % 3, '{}', (array['a', 'b'])[1 + n % 2], now() - interval '2 hours' + n * interval '1 minute' from generate_series(1, 60) as n;
    select setval('outbox.events_id_seq', 60), setval('outbox.endpoints_id_seq', 6);
    insert into outbox.delivery_rows (endpoint_id, event_id, state, attempt, due_at, reason, finished_at)
    select endpoint_id, event_id, s::outbox.delivery_state, 1, now() + interval '1 hour',
           case when s in ('dead', 'pending') then 'bad_status' end, case when s <> 'pending' then now() end
    from (select p.id as endpoint_id, e.id as event_id, (array['dead', 'dead', 'delivered', 'pending'])[1 + (hashint8(e.id * 7 + p.id) & 3)] as s
          from outbox.endpoints p join outbox.events e on p.tenant is null or p.tenant = e.tenant) d`)
}

type Key = `${string}/${string}`

/** Steps and sends until nothing is left, as senders do; what was sent. */
async function drain(): Promise<Set<Key>> {
  const sent = new Set<Key>()
  for (let round = 0; ; round++) {
    await client.query(`update outbox.replay_parts set stepped_at = now() - interval '5 seconds'`)
    const { running } = await store.stepParts(1_000)
    const { deliveries } = await store.take(greedy(`a:${round}`, { leaseLimit: 50 }))
    for (const { endpointId, eventId } of deliveries) sent.add(`${endpointId}/${eventId}`)
    await store.settleIfLeased(deliveries.map(success))
    if (!running && deliveries.length === 0) return sent
    expect(round, 'it comes to its end').toBeLessThan(500)
  }
}

async function pinnedOf(id: string): Promise<Key[]> {
  const { rows } = await client.query(
    `select q.endpoint_id || '/' || unnest(q.event_ids) as key from outbox.replay_parts q join outbox.replays r on r.id = q.replay_id
     where r.nonce = ('x' || right($1, 8))::bit(32)::int`,
    [id],
  )
  return rows.map(({ key }) => key)
}

/** Everything that could be drawn into a redelivery, or be missed by it. */
const interferences = {
  async 'events arrive'() {
    await client.query(`select outbox.emit('type.1', '{}', null, 'a') from generate_series(1, 3)`)
  },
  async 'others die'() {
    await client.query(
      `update outbox.delivery_rows set state = 'dead', attempt = 2, finished_at = now() where state = 'pending'`,
    )
  },
  async 'others are delivered'() {
    await client.query(`update outbox.delivery_rows set state = 'delivered', attempt = 2, reason = null, finished_at = now()
      where state = 'pending' and event_id % 2 = 0`)
  },
  async 'endpoints want other types'() {
    await client.query(`update outbox.endpoints set event_types = '{nothing}'`)
  },
  async 'an endpoint is disabled'() {
    await client.query(
      `update outbox.endpoints set state = 'disabled', disabled_reason = 'manual' where id in (1, 3)`,
    )
  },
  async 'an endpoint moves to another tenant'() {
    await client.query(`update outbox.endpoints set tenant = 'b' where id = 4`)
  },
  async 'an endpoint is made'() {
    await client.query(`insert into outbox.endpoints (nonce, url) values (${nonce}, 'https://new.example/')`)
  },
}
type Interference = keyof typeof interferences

const filters: fc.Arbitrary<RedeliveryFilter> = fc.constantFrom<RedeliveryFilter>(
  { state: 'dead' },
  { type: 'type.1' },
  { error: 'bad_status' },
  { tenant: 'a' },
  { endpoint_id: publicId(2) },
  { state: 'dead', type: 'type.2', tenant: 'b' },
)
const callers = fc.constantFrom<Caller>(operator, tenant('a'), tenant('b'))
const asked = (filter: RedeliveryFilter, include_delivered: boolean) => ({
  filter,
  include_delivered,
  rate_per_second: null,
})

async function start(caller: Caller, token: string): Promise<string> {
  const started = await startPinned(db, caller, token, null)
  if (started === 'used' || 'wrongInput' in started)
    throw new Error(`not started: ${JSON.stringify(started)}`)
  return started.started.id
}

test('a preview of N sends exactly those N, while events arrive, endpoints change and other redeliveries run', {
  timeout: 180_000,
}, async () => {
  let sentInAll = 0
  await fc.assert(
    fc.asyncProperty(
      filters,
      fc.boolean(),
      callers,
      fc.subarray(Object.keys(interferences) as Interference[]),
      fc.option(filters),
      async (filter, includeDelivered, caller, interfering, other) => {
        await reset()
        const preview = await previewRedelivery(db, caller, asked(filter, includeDelivered))
        const another = other && (await previewRedelivery(db, operator, asked(other, false)))
        const fresh = new Set<Key>()
        for (const name of interfering) await interferences[name]()
        const id = await start(caller, preview.token)
        const otherId = another && (await start(operator, another.token))
        const pinned = await pinnedOf(id)
        expect(pinned).toHaveLength(preview.count)
        const theirs = otherId ? await pinnedOf(otherId) : []
        const sent = await drain()
        const replay = (await findReplay(db, operator, id))!
        expect(replay.state).toBe('done')
        expect(Number(replay.replayed) + replay.skipped!).toBe(preview.count)
        const { rows } = await client.query(`select id::text, tenant from outbox.events where id <= 60`)
        const tenantOf = new Map(rows.map(row => [row.id as string, row.tenant as string]))
        const { rows: open } = await client.query(
          `select id::text, tenant from outbox.endpoints where state <> 'disabled' and id <= 6`,
        )
        const accepts = ([endpoint, event]: string[]) => {
          const row = open.find(({ id }) => id === endpoint)
          return row && (row.tenant === null || row.tenant === tenantOf.get(event!))
        }
        for (const key of sent) {
          const [endpoint, event] = key.split('/')
          if (Number(event) > 60) fresh.add(key)
          else expect([...pinned, ...theirs], `${key} was shown`).toContain(key)
          if (Number(event) <= 60)
            expect(accepts([endpoint!, event!]), `${key} is the endpoint's to have`).toBeTruthy()
        }
        for (const key of pinned) {
          const [endpoint, event] = key.split('/')
          if (caller.tenant !== null) expect(tenantOf.get(event!)).toBe(caller.tenant)
          const { rows } = await client.query(
            'select state from outbox.deliveries where endpoint_id = $1 and event_id = $2',
            [endpoint, event],
          )
          const isTheirs =
            caller.tenant === null ||
            open.some(({ id, tenant }) => id === endpoint && tenant === caller.tenant)
          if (accepts([endpoint!, event!]) && isTheirs) {
            expect(rows[0].state, `${key} was sent`).toBe('delivered')
            const wasDelivered = interfering.includes('others are delivered') && !includeDelivered
            if (!wasDelivered) expect(sent.has(key), `${key} was sent`).toBe(true)
          }
        }
        sentInAll += sent.size
      },
    ),
    { numRuns: 25 },
  )
  expect(sentInAll).toBeGreaterThan(200)
})

test("a tenant's redelivery is shown, started, watched and canceled by that tenant alone", async () => {
  const preview = await previewRedelivery(db, tenant('a'), asked({ state: 'dead' }, false))
  expect(new Set(preview.endpoints.map(({ id }) => id))).toEqual(new Set([publicId(3), publicId(4)]))
  for (const other of [tenant('b'), operator]) {
    expect(await startPinned(db, other, preview.token, null)).toMatchObject({ wrongInput: { path: 'token' } })
  }
  const id = await start(tenant('a'), preview.token)
  await cancelReplay(db, tenant('b'), id)
  expect(await findReplay(db, tenant('b'), id)).toBeNull()
  expect(await findReplay(db, tenant('a'), id)).toMatchObject({ state: 'running', endpoint_id: null })
  await cancelReplay(db, tenant('a'), id)
  expect(await findReplay(db, tenant('a'), id)).toMatchObject({ state: 'canceled', count: preview.count })
  expect(await drain()).toEqual(new Set())
})

describe('a preview', () => {
  test('tells what is left out, and begins nothing', async () => {
    await client.query(
      `update outbox.endpoints set state = 'disabled', disabled_reason = 'manual' where id = 1`,
    )
    const { rows } = await client.query(
      `select state, endpoint_id = 1 as disabled, count(*)::int as n from outbox.deliveries group by 1, 2`,
    )
    const n = (state: string, disabled = false) =>
      rows.find(row => row.state === state && row.disabled === disabled).n
    const preview = await previewRedelivery(db, operator, asked({ since: '2020-01-01T00:00:00Z' }, false))
    expect(preview).toMatchObject({
      count: n('dead') + n('pending'),
      already_delivered: n('delivered'),
      not_accepted: 60,
      on_their_way: 0,
      has_more: false,
      samples: [
        expect.stringMatching(/^dlv_/),
        expect.stringMatching(/^dlv_/),
        expect.stringMatching(/^dlv_/),
      ],
    })
    expect(preview.types.reduce((sum, { count }) => sum + count, 0)).toBe(preview.count)
    expect(preview.endpoints.reduce((sum, { count }) => sum + count, 0)).toBe(preview.count)
    const all = await previewRedelivery(db, operator, asked({ since: '2020-01-01T00:00:00Z' }, true))
    expect(all.count).toBe(preview.count + preview.already_delivered)
    expect(await listReplays(db, operator, {}, undefined, 10)).toEqual([])
    expect((await store.stepParts(1_000)).replayed).toBe(0)
  })

  test('starts once, and not after a quarter of an hour', async () => {
    const late = await previewRedelivery(db, operator, asked({ state: 'dead' }, false))
    await client.query(`update outbox.replays set expires_at = now()`)
    expect(await startPinned(db, operator, late.token, null)).toMatchObject({ wrongInput: { path: 'token' } })
    const preview = await previewRedelivery(db, operator, asked({ state: 'dead' }, false))
    expect((await client.query('select count(*)::int as n from outbox.replays')).rows[0].n).toBe(1)
    const starts = await Promise.all(
      Array.from({ length: 5 }, () => startPinned(db, operator, preview.token, null)),
    )
    expect(starts.filter(started => started === 'used')).toHaveLength(4)
  })

  test('of a replay for one endpoint starts that, with its token and for that endpoint alone', async () => {
    const asked = NewReplay.parse({ since: '2020-01-01T00:00:00Z', only: 'dead', dry_run: true })
    const counted = await previewReplay(db, operator, publicId(2), asked)
    const { token, count } = (counted as { counted: { token: string; count: number } }).counted
    await client.query(
      `update outbox.delivery_rows set state = 'dead', finished_at = now() where state = 'pending'`,
    )
    const wrong = await startPinned(db, operator, token, { id: 1n, nonce })
    expect(wrong).toMatchObject({ wrongInput: { path: 'token' } })
    const started = await startPinned(db, operator, token, { id: 2n, nonce })
    expect(started).toMatchObject({ started: { count } })
    const sent = await drain()
    expect(sent.size).toBe(count)
    expect([...sent].every(key => key.startsWith('2/'))).toBe(true)
  })
})

test('a step leaves a quarter of each lane to new events, and one blocked endpoint holds up no other', async () => {
  const preview = await previewRedelivery(db, operator, asked({ state: 'dead' }, false))
  await start(operator, preview.token)
  await client.query(`update outbox.endpoints set max_in_flight = 8`)
  for (let n = 0; n < 5; n++) await store.stepParts(1_000)
  const { rows } = await client.query(
    `select endpoint_id, count(*)::int as n from outbox.delivery_rows where state = 'pending' and due_at <= now() group by 1 order by 1`,
  )
  expect(rows).toEqual(endpoints.map(id => ({ endpoint_id: String(id), n: 6 })))
})
