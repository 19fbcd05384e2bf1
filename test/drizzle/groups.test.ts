// Deliveries that one fan-out leased together, on real Postgres: they leave their group one by one, and none is lost or doubled
// by it, whoever takes others out at the same time.
import fc from 'fast-check'
import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import { defaultRetrySchedule } from '../../delivery/retry.ts'
import type { Leased } from '../../delivery/types.ts'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { addEndpoint, deliveryStates, emitAtOnce, endLeases, greedy, storeOn } from '../support/outbox.ts'
import { failure, success } from '../support/settlements.ts'

const retried = (leased: Leased) => failure(leased, { retryInSeconds: 0 })

describe('deliveries that a fan-out leases', () => {
  test('are in groups of at most 200 of one endpoint, without rows of their own', async () => {
    const { client, deliveries } = await scene({ events: 450, endpoints: 2 })
    expect(deliveries).toHaveLength(900)
    expect(await groupSizes(client)).toEqual([50, 50, 200, 200, 200, 200])
    expect(await count(client, 'delivery_rows')).toBe(0)
    expect(await deliveryStates(client)).toEqual({ sending: 900 })
  })

  test('leave their group when their outcome is recorded, and the last one takes it away', async () => {
    const { client, store, deliveries } = await scene({ events: 5 })
    await store.settleIfLeased(deliveries.slice(1).map(success))
    expect(await groupSizes(client)).toEqual([1])
    expect(await deliveryStates(client)).toEqual({ sending: 1, delivered: 4 })
    await store.settleIfLeased([success(deliveries[0]!)])
    expect(await groupSizes(client)).toEqual([])
    expect(await count(client, 'delivered_at_once')).toBe(5)
    expect(await count(client, 'delivery_rows')).toBe(0)
    expect(await count(client, 'attempt_rows')).toBe(0)
  })

  test('get a row of their own when they fail, and the others of the group none', async () => {
    const { client, store, deliveries } = await scene({ events: 4 })
    const [first, second, ...rest] = deliveries
    await store.settleIfLeased([retried(first!), success(second!)])
    expect(await count(client, 'delivery_rows')).toBe(1)
    expect(await deliveryStates(client)).toEqual({ pending: 1, delivered: 1, sending: 2 })
    const { deliveries: again } = await store.take(greedy('b:1'))
    expect(again).toMatchObject([{ eventId: first!.eventId, attempt: 2, attemptsUsed: 1, group: null }])
    await store.settleIfLeased([...again, ...rest].map(success))
    expect(await deliveryStates(client)).toEqual({ delivered: 4 })
    expect(await attemptsOf(client, first!)).toEqual([
      { number: 1, error: 'timeout' },
      { number: 2, error: null },
    ])
  })

  test('wait as if nobody had leased them when they are released unsent', async () => {
    const { client, store, deliveries } = await scene({ events: 3 })
    await store.release(deliveries.slice(0, 2))
    expect(await deliveryStates(client)).toEqual({ pending: 2, sending: 1 })
    const { deliveries: again } = await store.take(greedy('b:1'))
    expect(again.map(({ attempt, attemptsUsed }) => [attempt, attemptsUsed])).toEqual([
      [1, 0],
      [1, 0],
    ])
    expect(await count(client, 'attempt_rows')).toBe(0)
  })

  test('of a statement whose answer was lost are released, and those of others are not', async () => {
    const { client, store } = await scene({ events: 3 })
    await emitAtOnce(client, 2)
    await store.take(greedy('b:1'))
    expect(await store.releaseLost(['a:1'])).toBe(3)
    expect(await deliveryStates(client)).toEqual({ pending: 3, sending: 2 })
  })

  test('whose lease has run out are due again, their attempt interrupted, and what was recorded stays', async () => {
    const { client, store, deliveries } = await scene({ events: 3 })
    await store.settleIfLeased([success(deliveries[0]!)])
    expect((await store.heartbeat()).expired).toBe(false)
    await endLeases(client)
    expect((await store.heartbeat()).expired).toBe(true)
    expect(await store.rescue(100, defaultRetrySchedule)).toBe(2)
    expect(await deliveryStates(client)).toEqual({ delivered: 1, pending: 2 })
    expect(await attemptsOf(client, deliveries[1]!)).toEqual([{ number: 1, error: 'interrupted' }])
    const { deliveries: again } = await store.take(greedy('b:1'))
    expect(again.map(({ attempt }) => attempt)).toEqual([2, 2])
    // The sender was only slow: its result replaces the guess, and changes nothing else.
    const { lost } = await store.settleIfLeased([success(deliveries[1]!)])
    expect(lost).toHaveLength(1)
    expect(await attemptsOf(client, deliveries[1]!)).toEqual([{ number: 1, error: null }])
    expect(await deliveryStates(client)).toEqual({ delivered: 1, sending: 2 })
  })

  test('are rescued in steps of about the limit', async () => {
    const { client, store } = await scene({ events: 600 })
    await endLeases(client)
    expect(await store.rescue(100, defaultRetrySchedule)).toBe(200)
    expect(await groupSizes(client)).toEqual([200, 200])
  })

  test('are dead after an interruption where the schedule has no retry', async () => {
    const { client, store } = await scene({ retry_schedule: [] })
    await endLeases(client)
    expect(await store.rescue(10, defaultRetrySchedule)).toBe(1)
    expect(await deliveryStates(client)).toEqual({ dead: 1 })
  })
})

describe('two statements that take deliveries out of one group at the same time', () => {
  test('lose none and take none twice', async () => {
    const { db, client, deliveries } = await scene({ events: 9 })
    const [one, other] = [storeOn(await db.connect()), storeOn(await db.connect())]
    await client.query('begin')
    await client.query('select from outbox.delivery_groups for update')
    const both = Promise.all([
      one.settleIfLeased(deliveries.slice(0, 3).map(success)),
      other.release(deliveries.slice(3, 6)),
    ])
    await eventually(async () => (await waiting(client)) === 2)
    await client.query('commit')
    expect((await both)[0].lost).toEqual([])
    expect(await deliveryStates(client)).toEqual({ delivered: 3, pending: 3, sending: 3 })
    expect(await groupSizes(client)).toEqual([3])
  })

  test('and empty it together, leave nothing of it', async () => {
    const { db, client, deliveries } = await scene({ events: 2 })
    const stores = [storeOn(await db.connect()), storeOn(await db.connect())]
    await client.query('begin')
    await client.query('select from outbox.delivery_groups for update')
    const both = Promise.all(stores.map((store, n) => store.settleIfLeased([success(deliveries[n]!)])))
    await eventually(async () => (await waiting(client)) === 2)
    await client.query('commit')
    expect((await both).map(({ lost }) => lost)).toEqual([[], []])
    expect(await deliveryStates(client)).toEqual({ delivered: 2 })
    expect(await groupSizes(client)).toEqual([])
  })

  test('of which one rescues it, leave the other nothing but the record of its attempt', async () => {
    const { db, client, deliveries } = await scene({ events: 2 })
    await endLeases(client)
    const rescuer = await db.connect()
    const late = storeOn(await db.connect())
    await rescuer.query('begin')
    expect(await storeOn(rescuer).rescue(10, defaultRetrySchedule)).toBe(2)
    const settling = late.settleIfLeased(deliveries.map(success))
    await eventually(async () => (await waiting(client)) === 1)
    await rescuer.query('commit')
    expect((await settling).lost).toHaveLength(2)
    expect(await deliveryStates(client)).toEqual({ pending: 2 })
    expect(await attemptsOf(client, deliveries[0]!)).toEqual([{ number: 1, error: null }])
  })
})

describe('a webhook that was delivered at once', () => {
  test('and is settled twice, because the first answer was lost, has one attempt', async () => {
    const { client, store, deliveries } = await scene({ events: 2 })
    await store.settleIfLeased(deliveries.map(success))
    expect((await store.settleIfLeased(deliveries.map(success))).lost).toHaveLength(2)
    expect(await attemptsOf(client, deliveries[0]!)).toEqual([{ number: 1, error: null }])
    expect(await deliveryStates(client)).toEqual({ delivered: 2 })
  })

  test('and whose event somebody puts into the fan-out again, does not keep others from being recorded', async () => {
    const { client, store, deliveries } = await scene({ events: 2 })
    await store.settleIfLeased(deliveries.map(success))
    await client.query('insert into outbox.fanout select min(id) from outbox.events')
    await emitAtOnce(client, 1)
    const { deliveries: again } = await store.take(greedy('b:1'))
    expect(again).toHaveLength(2)
    await store.settleIfLeased(again.map(success))
    expect(await deliveryStates(client)).toEqual({ delivered: 3 })
    expect(await groupSizes(client)).toEqual([])
  })

  test('lowers the failures of its endpoint with failures of the same batch, as one batch', async () => {
    const { client, store, deliveries } = await scene({ events: 12, max_in_flight: 1_000 })
    await store.settleIfLeased(deliveries.slice(0, 11).map(retried))
    expect(await health(client)).toMatchObject({ failures: 11, is_open: true })
    await store.settleIfLeased([success(deliveries[11]!)])
    expect(await health(client)).toMatchObject({ failures: 0, is_open: false, slow_start_limit: 2 })
  })

  test('among ten failures of one batch keeps the breaker closed', async () => {
    const { client, store, deliveries } = await scene({ events: 11 })
    await store.settleIfLeased([...deliveries.slice(0, 10).map(retried), success(deliveries[10]!)])
    expect(await health(client)).toMatchObject({ failures: 0, is_open: false })
  })
})

test('any order of fan-outs, outcomes, releases, crashes, redeliveries leaves each delivery once, with all its attempts', async () => {
  const db = await freshDatabase()
  const client = await db.connect()
  const store = storeOn(client)
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 20 }), async steps => {
      await client.query(
        `truncate outbox.events, outbox.fanout, outbox.delivery_rows, outbox.attempt_rows, outbox.delivery_groups,
                  outbox.delivered_at_once, outbox.endpoints, outbox.endpoint_health cascade`,
      )
      for (const url of ['https://a.example', 'https://b.example'])
        await addEndpoint(client, { url, max_in_flight: 1_000 })
      const held = new Map<string, Leased>()
      const states = new Map<string, { state: string; attempts: number }>()
      const keyOf = ({ endpointId, eventId }: Leased) => `${endpointId}/${eventId}`
      const note = (leased: Leased, state: string) =>
        states.set(keyOf(leased), { state, attempts: leased.attempt })
      let claims = 0
      const pick = (places: readonly number[]) =>
        [...new Set(places.map(place => [...held.values()][place % Math.max(1, held.size)]))].filter(
          leased => leased !== undefined,
        )
      for (const { what, places, events } of steps) {
        const picked = pick(places)
        if (what === 'take') {
          await emitAtOnce(client, events)
          // Without the breaker, which has tests of its own.
          await client.query(
            `update outbox.endpoint_health set failures = 0, early_failures = 0, failing_since = null, probe_at = null, probes = 0,
                    probing = false, slow_start_limit = null, nearest_event_id = null`,
          )
          const { deliveries } = await store.take(greedy(`a:${++claims}`))
          for (const leased of deliveries) {
            held.set(keyOf(leased), leased)
            note(leased, 'sending')
          }
        } else if (what === 'succeed' || what === 'fail') {
          await store.settleIfLeased(picked.map(what === 'succeed' ? success : retried))
          for (const leased of picked) note(leased, what === 'succeed' ? 'delivered' : 'pending')
        } else if (what === 'mix') {
          await store.settleIfLeased(picked.map((leased, n) => (n % 2 === 0 ? success : retried)(leased)))
          for (const [n, leased] of picked.entries()) note(leased, n % 2 === 0 ? 'delivered' : 'pending')
        } else if (what === 'release') {
          await store.release(picked)
          for (const leased of picked)
            states.set(keyOf(leased), { state: 'pending', attempts: leased.attempt - 1 })
        } else if (what === 'crash') {
          await endLeases(client)
          await store.rescue(1_000, Array(50).fill(0))
          for (const leased of held.values()) note(leased, 'pending')
          held.clear()
        } else {
          await client.query(
            `insert into outbox.replays (endpoint_id, since, until, scope, rate_per_second, stepped_at)
             select id, now() - interval '1 hour', now() + interval '1 hour', 'all', 100, now() - interval '1 minute'
             from outbox.endpoints`,
          )
          while ((await store.stepReplay(1_000)).running)
            await client.query(`update outbox.replays set stepped_at = now() - interval '1 minute'`)
          for (const known of states.values()) if (known.state === 'delivered') known.state = 'pending'
        }
        if (['succeed', 'fail', 'mix', 'release'].includes(what))
          for (const leased of picked) held.delete(keyOf(leased))
        expect(await seen(client)).toEqual(Object.fromEntries(states))
      }
    }),
    { numRuns: 15 },
  )
})

const step = fc.record({
  what: fc.constantFrom('take', 'take', 'succeed', 'succeed', 'fail', 'mix', 'release', 'crash', 'replay'),
  places: fc.array(fc.nat(40), { minLength: 1, maxLength: 8 }),
  events: fc.nat(6),
})

/** Each delivery by the views: it must be there once, and its attempts must be numbered 1, 2, 3 … */
async function seen(client: pg.Client) {
  const { rows } = await client.query<{
    key: string
    state: string
    attempt: number
    n: number
    numbers: number[]
  }>(
    `select d.endpoint_id || '/' || d.event_id as key, min(d.state::text) as state, min(d.attempt) as attempt, count(*)::int as n,
            (select coalesce(array_agg(a.number order by a.number), '{}') from outbox.attempts a
             where a.endpoint_id = d.endpoint_id and a.event_id = d.event_id) as numbers
     from outbox.deliveries d group by d.endpoint_id, d.event_id`,
  )
  for (const { n, state, attempt, numbers } of rows) {
    expect(n).toBe(1)
    const recorded = state === 'sending' ? attempt - 1 : attempt
    expect(numbers).toEqual(Array.from({ length: recorded }, (_, i) => i + 1))
  }
  return Object.fromEntries(rows.map(({ key, state, attempt }) => [key, { state, attempts: attempt }]))
}

async function scene({ events = 1, endpoints = 1, ...columns }: Record<string, unknown> = {}) {
  const db = await freshDatabase()
  const client = await db.connect()
  const store = storeOn(client)
  for (let n = 0; n < Number(endpoints); n++)
    await addEndpoint(client, { url: `https://${n}.example`, max_in_flight: 1_000, ...columns })
  await emitAtOnce(client, Number(events))
  const { deliveries } = await store.take(greedy('a:1'))
  return { db, client, store, deliveries }
}

async function groupSizes(client: pg.Client): Promise<number[]> {
  const { rows } = await client.query(
    'select cardinality(event_ids) as n from outbox.delivery_groups order by 1',
  )
  return rows.map(({ n }) => n)
}

async function count(client: pg.Client, table: string): Promise<number> {
  return (await client.query(`select count(*)::int as n from outbox.${table}`)).rows[0].n
}

async function attemptsOf(client: pg.Client, { endpointId, eventId }: Leased) {
  const { rows } = await client.query(
    'select number, error from outbox.attempts where endpoint_id = $1 and event_id = $2 order by number',
    [endpointId, eventId],
  )
  return rows
}

async function health(client: pg.Client) {
  const { rows } = await client.query(
    'select failures, probe_at is not null as is_open, slow_start_limit from outbox.endpoint_health',
  )
  return rows[0]
}

async function waiting(client: pg.Client): Promise<number> {
  const { rows } = await client.query(
    `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  )
  return rows[0].n
}
