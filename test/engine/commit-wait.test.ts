// Which statements wait until their commit is safe. So that waiting is seen, however fast the disk, the server is made to wait
// for a standby that does not exist.
import type pg from 'pg'
import { expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { addEndpoint, emitAtOnce, greedy, storeOn } from '../support/outbox.ts'
import { connectTo, startServer } from '../support/server.ts'
import { success } from '../support/settlements.ts'

test('no lease is known to a sender before it is safe', async () => {
  const { writer, sender } = await serverThatWaits()
  const store = storeOn(sender)
  await emitAtOnce(writer, 2)

  const { deliveries: fresh } = await waitedFor(
    writer,
    store.fanOut(greedy('listener:1', { defaultCapacity: 1 })),
  )
  expect(fresh).toHaveLength(1)
  const { deliveries: due } = await waitedFor(writer, store.claim(greedy('listener:2')))
  expect(due).toHaveLength(1)
})

test('without durable leases a fan-out answers at once, and a claim and a record are waited for', async () => {
  const { writer, sender } = await serverThatWaits()
  const store = storeOn(sender, { durableLeases: false })
  await emitAtOnce(writer, 2)

  const { deliveries: fresh } = await store.fanOut(greedy('listener:1', { defaultCapacity: 1 }))
  expect(fresh).toHaveLength(1)
  const { deliveries: due } = await waitedFor(writer, store.claim(greedy('listener:2')))
  expect(due).toHaveLength(1)
  const { lost } = await waitedFor(writer, store.settleIfLeased([...fresh, ...due].map(success)))
  expect(lost).toEqual([])
})

async function serverThatWaits() {
  const server = await startServer({ settings: { wal_level: 'replica', max_wal_senders: '1' } })
  const [writer, sender] = [await connectTo(server.databaseUrl), await connectTo(server.databaseUrl)]
  await addEndpoint(writer, { url: 'http://localhost/' })
  await setStandby(writer, 'nobody')
  return { writer, sender }
}

/** The answer of a statement that is seen waiting, and that comes once there is nothing to wait for. */
async function waitedFor<T>(writer: pg.Client, statement: Promise<T>): Promise<T> {
  let answered = false
  const answer = statement.finally(() => {
    answered = true
  })
  await eventually(async () => (await waitEvents(writer)).includes('SyncRep'))
  expect(answered).toBe(false)
  await setStandby(writer, '')
  const result = await answer
  await setStandby(writer, 'nobody')
  return result
}

/** This session itself does not wait for it. */
async function setStandby(client: pg.Client, name: string): Promise<void> {
  await client.query(`set synchronous_commit = 'local'`)
  await client.query(`alter system set synchronous_standby_names = '${name}'`)
  await client.query('select pg_reload_conf()')
  await eventually(
    async () =>
      (await client.query('show synchronous_standby_names')).rows[0].synchronous_standby_names === name,
  )
}

async function waitEvents(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query('select wait_event from pg_stat_activity where wait_event is not null')
  return rows.map(row => row.wait_event)
}
