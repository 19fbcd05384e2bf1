// A delivery that is asked for again while its success is being recorded.
import { expect, test } from 'vitest'
import { formatDeliveryId } from '../../../delivery/ids.ts'
import { redeliver } from '../../../functions/deliveries/operations.ts'
import { eventually } from '../../support/eventually.ts'
import { addEndpoint, emit, giveRows, greedy, storeOn } from '../../support/outbox.ts'
import { success } from '../../support/settlements.ts'
import { operator, startOperations } from '../operations.ts'

test('is found, and sent again', async () => {
  const { client, db } = await startOperations()
  await addEndpoint(client, { url: 'https://a.example' })
  await emit(client)
  const store = storeOn(client)
  const { deliveries } = await store.take(greedy('a:1'))
  await giveRows(client)
  const [leased] = deliveries
  await client.query('begin')
  await store.settleIfLeased([success({ ...leased!, group: null })])
  const asked = redeliver(db, operator, formatDeliveryId(BigInt(leased!.eventId), BigInt(leased!.endpointId)))
  await eventually(async () => {
    const { rowCount } = await client.query(
      'select from pg_locks where not granted and pg_backend_pid() = any (pg_blocking_pids(pid))',
    )
    return rowCount === 1
  })
  await client.query('commit')
  expect(await asked).toBe('redelivered')
})
