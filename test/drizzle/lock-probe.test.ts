// Which delivery an open breaker lets through: outbox.lock_probe() by itself, and as claim.sql asks it.
import fc from 'fast-check'
import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import type { EventId, Leased } from '../../delivery/types.ts'
import { freshDatabase } from '../support/database.ts'
import { addEndpoint, emitAtOnce, greedy, storeOn } from '../support/outbox.ts'
import { failure } from '../support/settlements.ts'

describe('the claim of an open breaker', () => {
  test('gives every other probe to the delivery that has used the most of its schedule', async () => {
    const { store, openBreaker, mayProbe } = await setUp(200)
    const [nearest] = await openBreaker()
    const probed: EventId[] = []
    for (let n = 1; n <= 20; n++) {
      await mayProbe()
      const { deliveries } = await store.take(greedy(`a:p${n}`))
      expect(deliveries).toHaveLength(1)
      probed.push(deliveries[0]!.eventId)
      await store.settleIfLeased([failure(deliveries[0]!, { retryInSeconds: 0 })])
    }
    expect(new Set(probed.filter((_, i) => i % 2 === 0))).toEqual(new Set([nearest!.eventId]))
    expect(new Set(probed.filter((_, i) => i % 2 === 1)).size).toBeGreaterThan(1)
  })

  test('does not wait for that delivery while its schedule says to wait', async () => {
    const { store, openBreaker, mayProbe } = await setUp(50)
    const [nearest] = await openBreaker({ retryInSeconds: 3600 })
    await mayProbe()
    const { deliveries } = await store.take(greedy('a:p'))
    expect(deliveries).toHaveLength(1)
    expect(deliveries[0]!.eventId).not.toBe(nearest!.eventId)
  })

  test.each([['canceled'], ['dead']])('goes on with another delivery when that one is %s', async state => {
    const { client, store, openBreaker, mayProbe } = await setUp(50)
    const [nearest] = await openBreaker()
    await client.query(
      `update outbox.delivery_rows set state = $2, reason = 'manual', finished_at = clock_timestamp() where event_id = $1`,
      [nearest!.eventId, state],
    )
    for (const lease of ['a:p1', 'a:p2', 'a:p3']) {
      await mayProbe()
      const { deliveries } = await store.take(greedy(lease))
      expect(deliveries).toHaveLength(1)
      await store.settleIfLeased([failure(deliveries[0]!, { retryInSeconds: 0 })])
    }
  })

  test('gives one probe to one sender, however many ask at once', async () => {
    const { db, openBreaker, mayProbe } = await setUp(50)
    await openBreaker()
    const stores = await Promise.all(
      Array.from({ length: 5 }, async () => storeOn(await (await db).connect())),
    )
    for (let round = 1; round <= 5; round++) {
      await mayProbe()
      const claims = await Promise.all(stores.map((store, i) => store.take(greedy(`${'abcde'[i]}:${round}`))))
      const probes = claims.flatMap(({ deliveries }) => deliveries)
      expect(probes).toHaveLength(1)
      await stores[0]!.settleIfLeased([failure(probes[0]!, { retryInSeconds: 0 })])
    }
  })

  test('keeps the order of keys', async () => {
    const { client, store, openBreaker, mayProbe } = await setUp(60, { ordering: 'key' })
    await client.query(`update outbox.delivery_rows set ordering_key = 'key' || event_id % 12`)
    await openBreaker()
    for (let n = 1; n <= 20; n++) {
      await mayProbe()
      const { deliveries } = await store.take(greedy(`a:p${n}`))
      expect(deliveries).toHaveLength(1)
      const { rows } = await client.query(
        `select from outbox.delivery_rows d
         where d.event_id < $1 and d.state in ('pending', 'sending')
           and d.ordering_key = (select ordering_key from outbox.delivery_rows where event_id = $1)`,
        [deliveries[0]!.eventId],
      )
      expect(rows).toHaveLength(0)
      const kind = n % 3 === 0 ? ({ state: 'dead', retryInSeconds: null } as const) : { retryInSeconds: 0 }
      await store.settleIfLeased([failure(deliveries[0]!, kind)])
    }
  })
})

describe('lock_probe()', () => {
  test('locks only what may go, and something wherever something may go, for any deliveries', async () => {
    const { client, endpoint } = await setUp(16)
    const row = fc.record({
      state: fc.constantFrom('pending', 'pending', 'pending', 'sending', 'dead'),
      dueIn: fc.constantFrom(-1000, -1000, -100, -1, 1000),
      key: fc.constantFrom(null, null, 'a', 'b'),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 16, maxLength: 16 }),
        fc.boolean(),
        fc.integer({ min: 0, max: 15 }),
        async (given, ordered, place) => {
          const rows = given.map(one => (ordered ? one : { ...one, key: null }))
          await client.query(
            `update outbox.delivery_rows d
             set state = r.state::outbox.delivery_state, due_at = clock_timestamp() + make_interval(secs => r.due_in),
                 ordering_key = r.key, attempt = 1, reason = case when r.state = 'dead' then 'timeout' end,
                 lease = case when r.state = 'sending' then 'a:1' end,
                 leased_until = case when r.state = 'sending' then clock_timestamp() end,
                 finished_at = case when r.state = 'dead' then clock_timestamp() end
             from (select event_id, row_number() over (order by event_id) as n from outbox.delivery_rows) numbered
             join unnest($1::text[], $2::float8[], $3::text[]) with ordinality as r (state, due_in, key, n) using (n)
             where d.event_id = numbered.event_id`,
            [rows.map(r => r.state), rows.map(r => r.dueIn), rows.map(r => r.key)],
          )
          const open = (r: (typeof rows)[number]) => r.state === 'pending' || r.state === 'sending'
          const mayGo = rows.map(
            (r, i) =>
              r.state === 'pending' &&
              r.dueIn < 0 &&
              (r.key === null || !rows.slice(0, i).some(earlier => earlier.key === r.key && open(earlier))),
          )
          const { rows: chosen } = await client.query(
            `with
             ids as (select event_id, row_number() over (order by event_id) - 1 as place from outbox.delivery_rows),
             chosen as materialized (
               select outbox.lock_probe($1, (select event_id from ids where place = $2), clock_timestamp()) as row
             )
             select ids.place::int
             from chosen
             left join outbox.delivery_rows d on d.ctid = chosen.row
             left join ids on ids.event_id = d.event_id`,
            [endpoint.id, place],
          )
          const found: number | null = chosen[0].place
          if (mayGo[place]) expect(found).toBe(place)
          else if (found !== null) expect(mayGo[found]).toBe(true)
          else if (!ordered) expect(mayGo).not.toContain(true)
        },
      ),
      { numRuns: 150 },
    )
  })

  test('reaches the only webhook that a receiver would accept, wherever it stands among those due at the same moment', async () => {
    const { client, endpoint } = await setUp(40)
    const { rows } = await client.query(
      `select count(distinct outbox.lock_probe($1, null, clock_timestamp()))::int as n from generate_series(1, 600)`,
      [endpoint.id],
    )
    expect(rows[0].n).toBeGreaterThan(30)
  })

  test('reads few pages, however many deliveries wait', async () => {
    const { client, endpoint } = await setUp(1)
    await client.query(
      `insert into outbox.delivery_rows (endpoint_id, event_id, state, due_at)
       select $1, 1000 + n, 'pending', clock_timestamp() - make_interval(secs => n % 5000) from generate_series(1, 100000) as n`,
      [endpoint.id],
    )
    await client.query('set enable_seqscan = off')
    // The first calls read the catalogue and make plans.
    await client.query(
      `select outbox.lock_probe($1, case when n % 2 = 0 then 1001 end, clock_timestamp()) from generate_series(1, 20) as n`,
      [endpoint.id],
    )
    for (const nearest of [null, 1001]) {
      const { rows } = await client.query(
        `explain (analyze, buffers, format json) select outbox.lock_probe($1, $2, clock_timestamp())`,
        [endpoint.id, nearest],
      )
      const plan = rows[0]['QUERY PLAN'][0].Plan
      expect(plan['Shared Hit Blocks'] + plan['Shared Read Blocks']).toBeLessThan(60)
    }
  })
})

async function setUp(events: number, columns: Record<string, unknown> = {}) {
  const db = await freshDatabase()
  const client: pg.Client = await db.connect()
  const endpoint = await addEndpoint(client, { url: 'https://a.example', ...columns })
  const store = storeOn(client)
  await emitAtOnce(client, events)
  await store.take(greedy('setup:1', { leaseLimit: 0 }))
  return {
    db,
    client,
    endpoint,
    store,
    /** Ten failures; returns their deliveries, the one that was nearest to its end first. */
    async openBreaker({ retryInSeconds = 0 } = {}): Promise<Leased[]> {
      const { deliveries } = await store.take(greedy('a:1', { defaultCapacity: 10 }))
      expect(deliveries).toHaveLength(10)
      await store.settleIfLeased(deliveries.map(d => failure(d, { retryInSeconds })))
      const { rows } = await client.query('select nearest_event_id::text as id from outbox.endpoint_health')
      return deliveries.toSorted(
        (a, b) => Number(b.eventId === rows[0].id) - Number(a.eventId === rows[0].id),
      )
    },
    mayProbe: () => client.query('update outbox.endpoint_health set probe_at = clock_timestamp()'),
  }
}
