// What all senders decide together, tested on the statements: circuit breaker, slow start, rate, order of keys, disabling.
import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import type { Leased } from '../../delivery/types.ts'
import { freshDatabase } from '../support/database.ts'
import { addEndpoint, emit, emitAtOnce, greedy, storeOn } from '../support/outbox.ts'
import { failure, success } from '../support/settlements.ts'

describe('the circuit breaker', () => {
  test('opens after ten failures in a row: then one probe at a time, over all senders, with growing pauses', async () => {
    const { client, store } = await scene({ events: 100 })
    const first = await store.take(greedy('a:1', { defaultCapacity: 10 }))
    await store.settleIfLeased(first.deliveries.map(d => failure(d, { retryInSeconds: 0 })))
    expect((await store.take(greedy('a:2'))).deliveries).toEqual([])
    const pauses: number[] = []
    for (let probe = 1; probe <= 4; probe++) {
      pauses.push(await untilProbe(client))
      await client.query('update outbox.endpoint_health set probe_at = clock_timestamp()')
      const [one, other] = await Promise.all([
        store.take(greedy(`a:p${probe}`)),
        store.take(greedy(`b:p${probe}`)),
      ])
      const probes = [...one.deliveries, ...other.deliveries]
      expect(probes).toHaveLength(1)
      await store.settleIfLeased([failure(probes[0]!, { retryInSeconds: 0 })])
    }
    for (const [i, pause] of pauses.entries()) {
      expect(pause).toBeGreaterThan(0.7 * 5 * 2 ** i)
      expect(pause).toBeLessThan(1.21 * 5 * 2 ** i)
    }
  })

  test('closes with the first success and lets the rest follow in a slow start, not all at once', async () => {
    const { client, store } = await scene({ events: 500 })
    const first = await store.take(greedy('a:1', { defaultCapacity: 10 }))
    await store.settleIfLeased(first.deliveries.map(d => failure(d, { retryInSeconds: 0 })))
    await client.query('update outbox.endpoint_health set probe_at = clock_timestamp()')
    const sizes: number[] = []
    for (let round = 1; round <= 6; round++) {
      const { deliveries } = await store.take(greedy(`a:r${round}`))
      sizes.push(deliveries.length)
      await store.settleIfLeased(deliveries.map(success))
    }
    expect(sizes).toEqual([1, 2, 4, 8, 16, 32])
    expect(
      (await client.query('select probe_at, slow_start_limit, failures from outbox.endpoint_health')).rows,
    ).toEqual([{ probe_at: null, slow_start_limit: null, failures: 0 }])
  })

  test('stays closed while there are successes in between', async () => {
    const { store } = await scene({ events: 100 })
    for (let round = 1; round <= 5; round++) {
      const { deliveries } = await store.take(greedy(`a:${round}`, { defaultCapacity: 10 }))
      expect(deliveries).toHaveLength(10)
      await store.settleIfLeased(
        deliveries.map((d, i) => (i === 9 ? success(d) : failure(d, { retryInSeconds: 60 }))),
      )
    }
  })

  test('is not moved by failures of our own network, and they cost no attempt', async () => {
    const { client, store } = await scene({ events: 20 })
    const { deliveries } = await store.take(greedy('a:1'))
    await store.settleIfLeased(deliveries.map(d => failure(d, { retryInSeconds: 0, countsAsAttempt: false })))
    const again = await store.take(greedy('a:2'))
    expect(again.deliveries.length).toBe(deliveries.length)
    expect(again.deliveries.every(d => d.attempt === 2 && d.attemptsUsed === 0)).toBe(true)
    expect((await client.query('select failures, failing_since from outbox.endpoint_health')).rows).toEqual([
      { failures: 0, failing_since: null },
    ])
  })
})

describe('a rate limit', () => {
  test('gives out slots one after the other, to all senders together', async () => {
    const { client, store } = await scene({ events: 100, rate_per_second: 20 })
    const began = performance.now()
    const one = await store.take(greedy('a:1'))
    const other = await store.take(greedy('b:1'))
    const slotsInBetween = Math.ceil(((performance.now() - began) / 1000) * 20)
    expect(one.deliveries.length).toBeLessThanOrEqual(6)
    expect(one.deliveries.length + other.deliveries.length).toBeLessThanOrEqual(6 + slotsInBetween)
    const starts = one.deliveries.map(d => d.startIn!)
    for (const [i, start] of starts.entries()) expect(start).toBeCloseTo(i * 0.051, 2)
    expect(other.meta.nextSlotIn).toBeGreaterThan(0.2)
    await client.query(
      `update outbox.endpoint_health set next_slot_at = next_slot_at - interval '0.3 seconds'`,
    )
    expect((await store.take(greedy('a:2'))).deliveries.length).toBeGreaterThan(3)
  })

  test('of one delivery every ten seconds is kept', async () => {
    const { store } = await scene({ events: 5, rate_per_second: 0.1 })
    expect((await store.take(greedy('a:1'))).deliveries).toHaveLength(1)
    const next = await store.take(greedy('a:2'))
    expect(next.deliveries).toHaveLength(0)
    expect(next.meta.nextSlotIn).toBeGreaterThan(9)
  })
})

describe('with ordering by key', () => {
  test('only the oldest open event of each key may leave', async () => {
    const { client, store } = await scene({ events: 0, ordering: 'key' })
    await emit(client, 30, { key: n => `k${n % 3}` })
    const order: Record<string, number[]> = {}
    for (let round = 1; round <= 10; round++) {
      const { deliveries } = await claimSettled(store, `a:${round}`)
      expect(deliveries).toHaveLength(3)
      for (const d of deliveries) order[keyOf(d)] = [...(order[keyOf(d)] ?? []), numberOf(d)]
      await store.settleIfLeased(deliveries.map(success))
    }
    expect(order).toEqual({
      k0: [3, 6, 9, 12, 15, 18, 21, 24, 27, 30],
      k1: [1, 4, 7, 10, 13, 16, 19, 22, 25, 28],
      k2: [2, 5, 8, 11, 14, 17, 20, 23, 26, 29],
    })
  })

  test('an event that always fails holds up its own key and no other, and a dead one lets the next go', async () => {
    const { client, store } = await scene({ events: 0, ordering: 'key' })
    await emit(client, 4, { key: n => (n % 2 ? 'poisoned' : 'healthy') })
    const { deliveries } = await claimSettled(store, 'a:1')
    const [poisoned, healthy] = deliveries as [Leased, Leased]
    await store.settleIfLeased([failure(poisoned, { retryInSeconds: 3600 }), success(healthy)])
    const next = await store.take(greedy('a:2'))
    expect(next.deliveries.map(numberOf)).toEqual([4])
    await client.query(`update outbox.delivery_rows set due_at = clock_timestamp() where attempt = 1`)
    const retry = await store.take(greedy('a:3'))
    expect(retry.deliveries.map(numberOf)).toEqual([1])
    await store.settleIfLeased([failure(retry.deliveries[0]!, { state: 'dead', retryInSeconds: null })])
    expect((await store.take(greedy('a:4'))).deliveries.map(numberOf)).toEqual([3])
  })

  test('rows that share a key and change at the same time have no order between them, and neither waits for ever', async () => {
    const db = await freshDatabase()
    const [one, other] = [await db.connect(), await db.connect()]
    await addEndpoint(one, { url: 'https://a.example', ordering: 'key' })
    await one.query('begin')
    await one.query(`select outbox.emit('order.changed', '{"order": 1}', 'customer/7')`)
    await other.query(`select outbox.emit('order.changed', '{"order": 2}', 'customer/7')`)
    const store = storeOn(other)
    // The lane is coordinated, so the first claim only fans out and the next one leases.
    const leaseAll = async (name: string) => [
      ...(await store.take(greedy(`${name}:1`))).deliveries,
      ...(await store.take(greedy(`${name}:2`))).deliveries,
    ]
    const first = await leaseAll('a')
    expect(first.map(d => d.data)).toEqual(['{"order": 2}'])
    await one.query('commit')
    expect((await leaseAll('b')).map(d => d.data)).toEqual(['{"order": 1}'])
  })

  test('events without a key have no order to keep', async () => {
    const { client, store } = await scene({ events: 0, ordering: 'key' })
    await emit(client, 5)
    expect((await claimSettled(store, 'a:1')).deliveries).toHaveLength(5)
  })

  test('many keys whose oldest event is not due do not hide those behind them', async () => {
    const { client, store } = await scene({ events: 0, ordering: 'key', max_in_flight: 1 })
    await emit(client, 400, { key: n => `a${String(n).padStart(3, '0')}` })
    await store.take(greedy('a:0', { leaseLimit: 0 }))
    await client.query(`update outbox.delivery_rows set due_at = clock_timestamp() + interval '1 hour'`)
    await emit(client, 1, { key: () => 'z' })
    const found: Leased[] = []
    for (let n = 1; n <= 8 && found.length === 0; n++)
      found.push(...(await store.take(greedy(`a:${n}`))).deliveries)
    expect(found.map(keyOf)).toEqual(['z'])
  })
})

describe('an endpoint whose every attempt fails', () => {
  test('is disabled after the set time, once, and other endpoints are told', async () => {
    const { client, store, endpoint } = await scene({ events: 2 }, 100)
    await addEndpoint(client, { url: 'https://watcher.example', event_types: ['outbox.endpoint.disabled'] })
    const { deliveries } = await store.take(greedy('a:1'))
    await store.settleIfLeased([failure(deliveries[0]!, { retryInSeconds: 0 })])
    expect(await stateOf(client, endpoint.id)).toEqual({ state: 'active', disabled_reason: null })
    await client.query(
      `update outbox.endpoint_health set failing_since = failing_since - interval '101 seconds' where failures > 0`,
    )
    await store.settleIfLeased([failure(deliveries[1]!, { retryInSeconds: 0 })])
    expect(await stateOf(client, endpoint.id)).toEqual({ state: 'disabled', disabled_reason: 'failing' })
    const told = (await store.take(greedy('a:2'))).deliveries
    expect(told.map(d => [d.type, JSON.parse(d.data).reason])).toEqual([
      ['outbox.endpoint.disabled', 'failing'],
    ])
    const { rows } = await client.query(
      `select count(*)::int as n from outbox.deliveries where state = 'pending'`,
    )
    expect(rows[0].n).toBe(2)
  })

  test('starts with a clean slate when it is enabled again, and waiting deliveries are sent', async () => {
    const { client, store, endpoint } = await scene({ events: 20 })
    const { deliveries } = await store.take(greedy('a:1', { defaultCapacity: 12 }))
    await store.settleIfLeased(deliveries.map(d => failure(d, { retryInSeconds: 0 })))
    await client.query(
      `update outbox.endpoints set state = 'disabled', disabled_reason = 'failing' where id = $1`,
      [endpoint.id],
    )
    expect((await store.take(greedy('a:2'))).deliveries.filter(d => d.endpointId === endpoint.id)).toEqual([])
    await client.query(`update outbox.endpoints set state = 'active', disabled_reason = null where id = $1`, [
      endpoint.id,
    ])
    expect((await store.take(greedy('a:3'))).deliveries).toHaveLength(20)
  })
})

async function scene(
  { events, ...columns }: { events: number } & Record<string, unknown>,
  disableAfterSeconds = 86_400,
) {
  const client: pg.Client = await (await freshDatabase()).connect()
  const endpoint = await addEndpoint(client, { url: 'https://a.example', ...columns })
  const store = storeOn(client, { disableAfterSeconds })
  if (events > 0) {
    await emitAtOnce(client, events)
    await store.take(greedy('setup:1', { leaseLimit: 0 }))
  }
  return { client, store, endpoint }
}

/** New events of a coordinated lane wait for the next claim. */
async function claimSettled(store: ReturnType<typeof storeOn>, lease: string) {
  const first = await store.take(greedy(lease))
  return first.deliveries.length > 0 ? first : store.take(greedy(`${lease}+`))
}

async function untilProbe(client: pg.Client): Promise<number> {
  const { rows } = await client.query(
    `select extract(epoch from probe_at - clock_timestamp())::float8 as pause from outbox.endpoint_health`,
  )
  return rows[0].pause
}

async function stateOf(client: pg.Client, id: string) {
  const { rows } = await client.query('select state, disabled_reason from outbox.endpoints where id = $1', [
    id,
  ])
  return rows[0]
}

const numberOf = (delivery: Leased): number => JSON.parse(delivery.data).n
const keyOf = (delivery: Leased): string => JSON.parse(delivery.data).key
