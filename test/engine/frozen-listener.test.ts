// A listener that freezes with requests in flight and wakes up after its leases: what it then records says nothing about
// how the receiver is now.
import { expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { startListenerProcess } from '../support/listener-process.ts'
import { deliveryStates, emitAtOnce, startTestListener } from '../support/outbox.ts'
import { setUp } from '../support/topology.ts'

const quick = { OUTBOX_REQUEST_TIMEOUT_SECONDS: '5', OUTBOX_LEASE_SECONDS: '10', OUTBOX_POLL_SECONDS: '0.3' }

test('a listener that wakes up after its leases does not open the breaker of an endpoint that is healthy by now', async () => {
  const { db, client, receiver } = await setUp(({ nth }) => (nth === 1 ? new Promise(() => {}) : 200))
  const frozen = await startListenerProcess(db.url, quick)
  await emitAtOnce(client, 20)
  await receiver.waitFor(20)
  frozen.signal('SIGSTOP')
  await startTestListener(db.url, quick)
  await eventually(async () => (await deliveryStates(client)).delivered === 20, { timeoutMs: 40_000 })
  frozen.signal('SIGCONT')
  await eventually(async () => {
    const { rows } = await client.query(
      `select error, count(*)::int as n from outbox.attempts where number = 1 group by error`,
    )
    expect(rows).toEqual([{ error: 'timeout', n: 20 }])
  })
  const { rows } = await client.query('select failures, failing_since, probe_at from outbox.endpoint_health')
  expect(rows).toEqual([{ failures: 0, failing_since: null, probe_at: null }])
})

test('a listener that froze before it heard what it had leased sends nothing of it when it wakes up after its leases', async () => {
  const { db, client, receiver } = await setUp()
  const frozen = await startListenerProcess(db.url, quick)
  const name = await eventually(
    async () => (await client.query('select name from outbox.listeners')).rows[0]?.name ?? null,
  )
  const holder = await db.connect()
  await holder.query('begin; lock table outbox.delivery_groups in share row exclusive mode')
  await emitAtOnce(client, 20)
  await eventually(async () => {
    const { rows } = await client.query(
      `select from pg_stat_activity where wait_event_type = 'Lock' and query like '%outbox: fan_out%'`,
    )
    return rows.length > 0
  })
  frozen.signal('SIGSTOP')
  await holder.query('commit')
  await eventually(async () => (await deliveryStates(client)).sending === 20)
  await startTestListener(db.url, quick)
  await eventually(async () => (await deliveryStates(client)).delivered === 20, { timeoutMs: 40_000 })
  const thawed = (await client.query('select clock_timestamp() as at')).rows[0].at
  frozen.signal('SIGCONT')
  await eventually(
    async () =>
      (await client.query('select from outbox.listeners where name = $1 and seen_at > $2', [name, thawed]))
        .rows.length > 0,
    { timeoutMs: 40_000 },
  )
  expect(receiver.requests).toHaveLength(20)
})
