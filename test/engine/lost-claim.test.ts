// The server executed a claim, and its answer was lost with the connection. Nothing of it was sent, so the deliveries need
// not wait for their lease to run out, and no attempt is recorded.
import { expect, test } from 'vitest'
import { Link } from '../../chaos/link.ts'
import { atEnd } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { deliveryStates, emitAtOnce, startTestListener } from '../support/outbox.ts'
import { setUp } from '../support/topology.ts'

test('deliveries of a claim whose answer was lost are released at once, and sent as first attempts', async () => {
  const { db, client, receiver } = await setUp()
  const url = new URL(db.url)
  const link = await Link.open(Number(url.port))
  atEnd(() => link.close())
  url.port = String(link.port)
  const listener = await startTestListener(url.href, {
    OUTBOX_LEASE_SECONDS: '3600',
    OUTBOX_POLL_SECONDS: '0.5',
  })
  await emitAtOnce(client, 1)
  await receiver.waitFor(1)
  await eventually(async () => (await deliveryStates(client)).delivered === 1) // so that it is not among the ten

  const holder = await db.connect()
  await holder.query('begin; lock table outbox.delivery_rows in share row exclusive mode')
  await emitAtOnce(client, 10)
  await eventually(async () => {
    const { rows } = await client.query(
      // Wait for the fan-out, not for another claim: the server must have the statement before replies are lost.
      `select from pg_stat_activity
       where application_name = $1 and wait_event_type = 'Lock' and query like '%outbox: fan_out%'`,
      [listener.name],
    )
    return rows.length > 0
  })
  link.set({ kind: 'lost replies' })
  await holder.query('commit')
  // Not all ten, where a claim that waits for the same lock has reserved capacity.
  await eventually(async () => {
    const { sending = 0, pending = 0, ...others } = await deliveryStates(client)
    expect([sending + pending, sending > 0, others]).toEqual([10, true, { delivered: 1 }])
  })
  link.clear()

  await receiver.waitFor(11, { timeoutMs: 15_000 })
  await eventually(async () => (await deliveryStates(client)).delivered === 11)
  expect(receiver.requests.map(({ headers }) => headers['outbox-attempt'])).toEqual(new Array(11).fill('1'))
  const { rows } = await client.query('select count(*)::int as n from outbox.attempts')
  expect(rows[0].n).toBe(11)
})
