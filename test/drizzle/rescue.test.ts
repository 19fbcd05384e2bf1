// Leases that have run out: which deliveries are found, and when they are due again.
import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { addEndpoint, deliveryStates, emit, emitAtOnce, greedy, storeOn } from '../support/outbox.ts'

test('one lease that has run out is found among 10,000 that hold', async () => {
  const { client, store } = await scene()
  await emitAtOnce(client, 10_001)
  await store.take(greedy('nobody:1', { fanOutLimit: 20_000, leaseLimit: 0 }))
  await client.query(`
    update outbox.delivery_rows
    set state = 'sending', attempt = 1, lease = 'long:1', leased_until = clock_timestamp() + interval '1 hour'`)
  const { rows } = await client.query(`
    update outbox.delivery_rows set leased_until = clock_timestamp() - interval '1 s'
    where event_id = (select max(event_id) from outbox.deliveries) returning state`)
  expect(rows).toEqual([{ state: 'sending' }])
  expect(await store.rescue(1, [60])).toBe(1)
  expect((await deliveryStates(client)).pending).toBe(1)
})

test('the first interruption is due again at once, the next in a row after the schedule’s wait', async () => {
  const { client, store } = await scene({ retry_schedule: [100, 200, 300] })
  await emit(client)
  const waits: number[] = []
  for (const lease of ['crash:1', 'crash:2', 'crash:3']) {
    await client.query(`update outbox.delivery_rows set due_at = clock_timestamp()`)
    await store.take(greedy(lease, { leaseSeconds: 0 }))
    await store.rescue(10, [1])
    const { rows } = await client.query(
      'select extract(epoch from due_at - clock_timestamp())::float8 as wait from outbox.deliveries',
    )
    waits.push(rows[0].wait)
  }
  expect(waits[0]).toBeLessThanOrEqual(0)
  expect(waits[1]).toBeGreaterThan(159)
  expect(waits[1]).toBeLessThan(241)
  expect(waits[2]).toBeGreaterThan(239)
  expect(waits[2]).toBeLessThan(361)
})

async function scene(columns: Record<string, unknown> = {}) {
  const client = await (await freshDatabase()).connect()
  await addEndpoint(client, { url: 'https://a.example', ...columns })
  return { client, store: storeOn(client) }
}
