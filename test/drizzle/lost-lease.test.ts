// settle.sql for attempts whose lease was lost, as after a sender's long freeze: each is recorded and changes nothing else.
import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import { defaultRetrySchedule } from '../../delivery/retry.ts'
import type { Leased } from '../../delivery/types.ts'
import { freshDatabase } from '../support/database.ts'
import { addEndpoint, deliveryStates, emitAtOnce, greedy, storeOn } from '../support/outbox.ts'
import { failure, success } from '../support/settlements.ts'

describe('results of a sender that was frozen past its leases', () => {
  test('twenty failures leave the circuit breaker of a healthy endpoint closed', async () => {
    const { client, store, stale } = await frozen(20)
    const before = await health(client)
    await store.settleIfLeased(stale.map(d => failure(d, { retryInSeconds: 0 })))
    expect(await health(client)).toEqual(before)
    expect(await attempts(client, 'timeout')).toBe(20)
    expect((await store.take(greedy('b:1'))).deliveries).toHaveLength(20)
  })

  test('a 410 does not disable the endpoint', async () => {
    const { client, store, stale } = await frozen(1)
    await store.settleIfLeased([
      failure(stale[0]!, {
        state: 'dead',
        retryInSeconds: null,
        error: 'gone',
        status: 410,
        endpointGone: true,
      }),
    ])
    expect(await endpointStates(client)).toEqual(['active'])
    expect(await attempts(client, 'gone')).toBe(1)
  })

  test('a Retry-After pauses nothing', async () => {
    const { client, store, stale } = await frozen(1)
    await store.settleIfLeased([
      failure(stale[0]!, { retryInSeconds: 600, pauseEndpointSeconds: 600, error: 'throttled', status: 429 }),
    ])
    expect(await health(client)).toMatchObject({ not_before: null })
    expect((await store.take(greedy('b:1'))).deliveries).toHaveLength(1)
  })

  test('a failure does not disable an endpoint that has been failing for days', async () => {
    const { client, store, stale } = await frozen(1)
    await client.query(
      `update outbox.endpoint_health set failures = 3, failing_since = clock_timestamp() - interval '30 days'`,
    )
    await store.settleIfLeased([failure(stale[0]!, { retryInSeconds: 0 })])
    expect(await endpointStates(client)).toEqual(['active'])
    expect(await health(client)).toMatchObject({ failures: 3 })
  })

  test.each([
    ['close', (d: Leased) => success(d)],
    ['count as the failed probe of', (d: Leased) => failure(d, { retryInSeconds: 0 })],
    ['end the probe of', (d: Leased) => failure(d, { retryInSeconds: 0, countsAsAttempt: false })],
  ])('they do not %s an open breaker', async (_, outcome) => {
    const { client, store, stale } = await frozen(1)
    await client.query(
      `update outbox.endpoint_health
       set failures = 30, failing_since = clock_timestamp(), probe_at = clock_timestamp() + interval '1 minute',
           probes = 3, probing = true`,
    )
    const before = await health(client)
    const { lost, unblocked } = await store.settleIfLeased(stale.map(outcome))
    expect(lost).toHaveLength(1)
    expect(unblocked).toBe(false)
    expect(await health(client)).toEqual(before)
  })

  test('a success does not speed up a slow start', async () => {
    const { client, store, stale } = await frozen(1)
    await client.query('update outbox.endpoint_health set slow_start_limit = 4')
    expect((await store.settleIfLeased(stale.map(success))).unblocked).toBe(false)
    expect(await health(client)).toMatchObject({ slow_start_limit: 4 })
  })

  test('beside others that still hold their lease, only those count', async () => {
    const { client, store, stale } = await frozen(20)
    const { deliveries } = await store.take(greedy('b:1', { defaultCapacity: 3 }))
    await store.settleIfLeased([...stale, ...deliveries].map(d => failure(d, { retryInSeconds: 3600 })))
    expect(await health(client)).toMatchObject({ failures: 3, probe_at: null })
    expect(await deliveryStates(client)).toEqual({ pending: 20 })
  })
})

/** Deliveries whose leases ran out while their sender was frozen, and which were rescued since. */
async function frozen(events: number) {
  const client: pg.Client = await (await freshDatabase()).connect()
  const store = storeOn(client)
  await addEndpoint(client, { url: 'https://a.example', max_in_flight: 1_000 })
  await emitAtOnce(client, events)
  const { deliveries: stale } = await store.take(greedy('a:1', { leaseSeconds: 0 }))
  expect(stale).toHaveLength(events)
  expect(await store.rescue(1_000, defaultRetrySchedule)).toBe(events)
  return { client, store, stale }
}

async function health(client: pg.Client): Promise<Record<string, unknown>> {
  return (await client.query('select * from outbox.endpoint_health')).rows[0]
}

async function attempts(client: pg.Client, error: string): Promise<number> {
  const { rows } = await client.query('select count(*)::int as n from outbox.attempts where error = $1', [
    error,
  ])
  return rows[0].n
}

async function endpointStates(client: pg.Client): Promise<string[]> {
  return (await client.query('select state from outbox.endpoints')).rows.map(row => row.state)
}
