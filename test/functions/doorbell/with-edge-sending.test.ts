// The doorbell and edge sending together, as [env.edge] of wrangler.toml binds them: the database may sleep, and what is written
// is sent by consumers at once.
import { expect, test } from 'vitest'
import { startEdgeApi } from '../../support/edge.ts'
import { eventually } from '../../support/eventually.ts'
import { addEndpoint, deliveryStates } from '../../support/outbox.ts'
import { startReceiver } from '../../support/receiver.ts'
import { startSqlProxy } from '../../support/sql-proxy.ts'

const durableObjects = {
  OUTBOX_DISPATCHER: { className: 'OutboxDispatcher', useSQLite: true },
  OUTBOX_DOORBELL: { className: 'OutboxDoorbell', useSQLite: true },
}

test('asleep nobody asks the database; what is written through the API arrives within 3 s, and then it sleeps again', async () => {
  const proxy = await startSqlProxy()
  const api = await startEdgeApi({ NEON_PROXY: proxy.url }, { durableObjects })
  const receiver = await startReceiver()
  await addEndpoint(api.db, { url: receiver.url })
  const isAsleep = async () => {
    const before = [proxy.statements, api.worker.logs().length]
    for (let minutes = 0; minutes < 3; minutes++) await api.worker.scheduled()
    const lines = api.worker.logs().slice(before[1])
    return proxy.statements === before[0] && lines.every(line => line.includes('"stopped":"asleep"'))
  }
  await eventually(isAsleep)

  const writtenAt = Date.now()
  await api.post('/v1/events', { type: 'a', data: {} })
  await eventually(async () => expect(await deliveryStates(api.db)).toEqual({ delivered: 1 }))
  expect(receiver.requests[0]!.at - writtenAt).toBeLessThanOrEqual(3_000)
  const { rows } = await api.db.query('select sender from outbox.attempts')
  expect(rows).toEqual([{ sender: 'edge' }])
  await eventually(isAsleep)
})
