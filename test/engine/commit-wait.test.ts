// No webhook waits until its lease is safe on the disk. So that waiting is seen, however fast the disk, the server is made to
// wait for a standby that does not exist.
import type pg from 'pg'
import { expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { addEndpoint, emitAtOnce, greedy, storeOn } from '../support/outbox.ts'
import { connectTo, startServer } from '../support/server.ts'
import { success } from '../support/settlements.ts'

test('a fan-out and a claim answer before their commit is safe, and a record is waited for', async () => {
  const server = await startServer({ settings: { wal_level: 'replica', max_wal_senders: '1' } })
  const [writer, sender] = [await connectTo(server.databaseUrl), await connectTo(server.databaseUrl)]
  await addEndpoint(writer, { url: 'http://localhost/' })
  await setStandby(writer, 'nobody')
  const store = storeOn(sender)

  await emitAtOnce(writer, 2)
  const fanOut = await store.fanOut(greedy('listener:1', { defaultCapacity: 1 }))
  expect(fanOut.deliveries).toHaveLength(1)
  const claim = await store.claim(greedy('listener:2'))
  expect(claim.deliveries).toHaveLength(1)

  let recorded = false
  const settled = store
    .settleIfLeased([...fanOut.deliveries, ...claim.deliveries].map(success))
    .then(({ lost }) => {
      recorded = true
      return lost
    })
  await eventually(async () => (await waitEvents(writer)).includes('SyncRep'))
  expect(recorded).toBe(false)
  await setStandby(writer, '')
  expect(await settled).toEqual([])
})

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
