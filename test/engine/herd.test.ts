// Deliveries that failed together are not retried together.
import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { addEndpoint, deliveryStates, emit, emitAtOnce, startTestListener } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'

test('the second attempts of 2,000 deliveries that failed together spread over the whole jitter', async () => {
  const { db, client, receiver } = await setUp(() => 500)
  // Too few for any circuit breaker to open, so all are tried.
  for (let n = 0; n < 250; n++) await addEndpoint(client, { url: `${receiver.url}/${n}` })
  await emitAtOnce(client, 8)
  // The receiver shares its processor with the listener, so a short timeout could fail on a busy machine.
  await startTestListener(db.url, { OUTBOX_RETRY_SCHEDULE: '100', OUTBOX_REQUEST_TIMEOUT_SECONDS: '30' })
  // Counted where they are recorded: on a busy machine a connection can fail, and that is an attempt as well.
  await eventually(async () => (await client.query('select from outbox.attempts')).rowCount! >= 2_000, {
    timeoutMs: 100_000,
  })
  const { rows } = await client.query(`
    select floor(extract(epoch from d.due_at - a.started_at) - a.duration_ms / 1000.0)::int as wait, count(*)::int as n
    from outbox.deliveries d join outbox.attempts a using (endpoint_id, event_id) group by wait order by wait`)
  expect(rows[0].wait).toBeGreaterThanOrEqual(80)
  // Plus the time that a busy machine needs to record an attempt.
  expect(rows.at(-1).wait).toBeLessThanOrEqual(135)
  expect(rows.length).toBeGreaterThanOrEqual(39)
  expect(Math.max(...rows.map(row => row.n))).toBeLessThan((3 * 2_000) / 40)
})

test("an outage of the sender's own network counts no attempts, disables no endpoint, and ends with the first answer", async () => {
  const { db, client, receiver } = await setUp()
  const others = await Promise.all([1, 2, 3].map(() => startReceiver()))
  const all = [receiver, ...others]
  for (const { url } of all) await addEndpoint(client, { url })
  await startTestListener(db.url, {
    OUTBOX_RETRY_SCHEDULE: '0.01,0.01,0.01',
    OUTBOX_DISABLE_AFTER_SECONDS: '0.5',
  })
  await emit(client)
  await eventually(async () => (await deliveryStates(client)).delivered === 4)
  const ports = all.map(r => Number(new URL(r.url).port))
  await Promise.all(all.map(r => r.stop()))
  await emitAtOnce(client, 20)
  await eventually(async () => {
    const { rows } = await client.query(
      `select count(*)::int as n from outbox.deliveries where retry_base > 0`,
    )
    return rows[0].n > 0
  })
  const back = await Promise.all(ports.map(port => startReceiver(undefined, { port })))
  await client.query(`update outbox.delivery_rows set due_at = clock_timestamp() where state = 'pending'`)
  await client.query('notify outbox')
  await eventually(async () => (await deliveryStates(client)).delivered === 84, { timeoutMs: 60_000 })
  expect(back.reduce((sum, r) => sum + r.requests.length, 0)).toBe(80)
  expect(
    (await client.query(`select count(*)::int as n from outbox.endpoints where state = 'disabled'`)).rows[0]
      .n,
  ).toBe(0)
})

async function setUp(respond?: Parameters<typeof startReceiver>[0]) {
  const db = await freshDatabase()
  return { db, client: await db.connect(), receiver: await startReceiver(respond) }
}
