// Step 10 on real Postgres: only the holder of a lease decides, and every request is recorded as an attempt.
import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import { defaultRetrySchedule } from '../../delivery/retry.ts'
import { freshDatabase } from '../support/database.ts'
import { addEndpoint, deliveryStates, emit, greedy, storeOn } from '../support/outbox.ts'
import { failure, success } from '../support/settlements.ts'

describe('settling', () => {
  test('a success finishes the delivery and writes the attempt', async () => {
    const { client, store, leased } = await scene()
    await store.settleIfLeased([success(leased)])
    expect(await deliveryStates(client)).toEqual({ delivered: 1 })
    const { rows } = await client.query(
      `select number, sender, duration_ms, response_status, error, response_body,
              extract(epoch from clock_timestamp() - started_at) between 0.5 and 5 as began_before
       from outbox.attempts`,
    )
    expect(rows).toEqual([
      {
        number: 1,
        sender: 'listener',
        duration_ms: 12,
        response_status: 204,
        error: null,
        response_body: 'ok',
        began_before: true,
      },
    ])
  })

  test('a failure makes it due again after the wait, and the endpoint’s health remembers', async () => {
    const { client, store, leased } = await scene()
    await store.settleIfLeased([failure(leased, { retryInSeconds: 100 })])
    const { rows } = await client.query(
      `select state, reason, extract(epoch from due_at - clock_timestamp()) as wait from outbox.deliveries`,
    )
    expect(rows[0]).toMatchObject({ state: 'pending', reason: 'timeout' })
    expect(Number(rows[0].wait)).toBeCloseTo(100, -1)
    expect((await client.query('select failures from outbox.endpoint_health')).rows).toEqual([
      { failures: 1 },
    ])
  })

  test('a success clears the endpoint’s failures', async () => {
    const { client, store, leased } = await scene()
    await store.settleIfLeased([failure(leased, { retryInSeconds: 0 })])
    const { deliveries } = await store.take(greedy('b:1'))
    await store.settleIfLeased([success(deliveries[0]!)])
    expect((await client.query('select failures, failing_since from outbox.endpoint_health')).rows).toEqual([
      { failures: 0, failing_since: null },
    ])
  })

  test('by a sender whose lease is lost only records the attempt', async () => {
    const { client, store, leased } = await scene({ leaseSeconds: 0 })
    await store.rescue(10, defaultRetrySchedule)
    const second = (await store.take(greedy('b:1'))).deliveries[0]!
    const { lost } = await store.settleIfLeased([failure(leased, { state: 'dead', retryInSeconds: null })])
    expect(lost).toEqual([{ endpointId: leased.endpointId, eventId: leased.eventId }])
    expect(await deliveryStates(client)).toEqual({ sending: 1 })
    await store.settleIfLeased([success(second)])
    expect(await deliveryStates(client)).toEqual({ delivered: 1 })
    const { rows } = await client.query('select number, error from outbox.attempts order by number')
    expect(rows).toEqual([
      { number: 1, error: 'timeout' },
      { number: 2, error: null },
    ])
  })

  test('twice, because the first answer was lost, is harmless', async () => {
    const { client, store, leased } = await scene()
    await store.settleIfLeased([success(leased)])
    expect((await store.settleIfLeased([success(leased)])).lost).toHaveLength(1)
    expect(await deliveryStates(client)).toEqual({ delivered: 1 })
    expect((await client.query('select count(*)::int as n from outbox.attempts')).rows[0].n).toBe(1)
  })

  test('with a Retry-After pauses the whole endpoint', async () => {
    const { client, store, leased } = await scene()
    await store.settleIfLeased([failure(leased, { retryInSeconds: 0, pauseEndpointSeconds: 600 })])
    expect((await store.take(greedy('b:1'))).deliveries).toEqual([])
    const { rows } = await client.query(
      `select extract(epoch from not_before - clock_timestamp()) as pause from outbox.endpoint_health`,
    )
    expect(Number(rows[0].pause)).toBeCloseTo(600, -1)
  })

  test('many at once keeps each with its own outcome', async () => {
    const { client, store, deliveries } = await scene({ events: 300 })
    const batch = deliveries.map((leased, i) => {
      return i % 3 === 0
        ? success(leased)
        : failure(leased, i % 3 === 1 ? { retryInSeconds: 50 } : { state: 'dead', retryInSeconds: null })
    })
    await store.settleIfLeased(batch)
    expect(await deliveryStates(client)).toEqual({ delivered: 100, pending: 100, dead: 100 })
  })
})

async function scene({ leaseSeconds = 60, events = 1 } = {}) {
  const client: pg.Client = await (await freshDatabase()).connect()
  const store = storeOn(client)
  await addEndpoint(client, { url: 'https://a.example', max_in_flight: 1_000 })
  await emit(client, events)
  const { deliveries } = await store.take(greedy('a:1', { leaseSeconds }))
  return { client, store, deliveries, leased: deliveries[0]! }
}
