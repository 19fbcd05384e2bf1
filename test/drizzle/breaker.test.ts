// The rules of delivery/breaker.ts as settle.sql and claim.sql apply them: every number comes from there.
import type pg from 'pg'
import { expect, test } from 'vitest'
import { failuresToOpen, probeSchedule, slowStartLimit } from '../../delivery/breaker.ts'
import { jitter } from '../../delivery/wait.ts'
import { freshDatabase } from '../support/database.ts'
import { addEndpoint, emitAtOnce, greedy, storeOn } from '../support/outbox.ts'
import { failure, success } from '../support/settlements.ts'

test('the breaker stays closed until the last failure that it takes to open', async () => {
  const { store, health, settleFailures } = await failing()
  await settleFailures(failuresToOpen[0] - 1)
  expect(await health()).toMatchObject({ failures: failuresToOpen[0] - 1, pause: null })
  const { deliveries } = await store.take(greedy('a:last', { defaultCapacity: 1 }))
  await store.settleIfLeased(deliveries.map(d => failure(d, { retryInSeconds: 3600 })))
  expect(await health()).toMatchObject({ failures: failuresToOpen[0], pause: expect.any(Number) })
})

test('each probe waits as the schedule says, and those after its end wait like the last', async () => {
  const { health, settleFailures, failProbe } = await failing()
  await settleFailures(failuresToOpen[0])
  for (const [i, planned] of [...probeSchedule, probeSchedule.at(-1)!, probeSchedule.at(-1)!].entries()) {
    const { pause } = await health()
    expect(pause, `probe ${i + 1}`).toBeLessThanOrEqual(planned * (1 + jitter))
    // Some time has passed since it was set.
    expect(pause, `probe ${i + 1}`).toBeGreaterThan(planned * (1 - jitter) - 2)
    await failProbe(`a:p${i}`)
  }
})

test('after very many failed probes the pause is still the last of the schedule', async () => {
  const { client, health, settleFailures, failProbe } = await failing()
  await settleFailures(failuresToOpen[0])
  await client.query('update outbox.endpoint_health set probes = 100000')
  await failProbe('a:p')
  const { pause } = await health()
  expect(pause).toBeLessThanOrEqual(probeSchedule.at(-1)! * (1 + jitter))
  expect(pause).toBeGreaterThan(probeSchedule.at(-1)! * (1 - jitter) - 2)
})

test.each([
  ['less than the endpoint may have', 100, slowStartLimit],
  ['everything when the endpoint may have no more', slowStartLimit, null],
])('the first success lets the slow start begin: %s', async (_, max_in_flight, limit) => {
  const { client, store, settleFailures } = await failing({ max_in_flight })
  await settleFailures(failuresToOpen[0])
  await client.query('update outbox.endpoint_health set probe_at = clock_timestamp()')
  const { deliveries } = await store.take(greedy('a:probe'))
  await store.settleIfLeased(deliveries.map(success))
  const { rows } = await client.query('select slow_start_limit, probe_at from outbox.endpoint_health')
  expect(rows).toEqual([{ slow_start_limit: limit, probe_at: null }])
})

/** An endpoint with plenty of events, all of which may fail. */
async function failing(columns: Record<string, unknown> = {}) {
  const client: pg.Client = await (await freshDatabase()).connect()
  await addEndpoint(client, { url: 'https://a.example', ...columns })
  const store = storeOn(client)
  await emitAtOnce(client, 50)
  await store.take(greedy('setup:1', { leaseLimit: 0 }))

  return {
    client,
    store,
    async health(): Promise<{ failures: number; pause: number }> {
      const { rows } = await client.query(
        `select failures, extract(epoch from probe_at - clock_timestamp())::float8 as pause
         from outbox.endpoint_health`,
      )
      return rows[0]
    },
    async settleFailures(count: number) {
      for (let left = count; left > 0; ) {
        const { deliveries } = await store.take(greedy(`a:${left}`, { defaultCapacity: left }))
        expect(deliveries.length).toBeGreaterThan(0)
        await store.settleIfLeased(deliveries.map(d => failure(d, { retryInSeconds: 3600 })))
        left -= deliveries.length
      }
    },
    async failProbe(lease: string) {
      await client.query('update outbox.endpoint_health set probe_at = clock_timestamp()')
      const { deliveries } = await store.take(greedy(lease))
      expect(deliveries).toHaveLength(1)
      await store.settleIfLeased([failure(deliveries[0]!, { retryInSeconds: 3600 })])
    },
  }
}
