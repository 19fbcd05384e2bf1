// The scan over the endpoints: with more of them than one claim can serve, each has its turn.
import { expect, test } from 'vitest'
import type { EndpointId } from '../../delivery/types.ts'
import { freshDatabase } from '../support/database.ts'
import { emitAtOnce, greedy, storeOn } from '../support/outbox.ts'

test('each of 100 endpoints with a backlog has its turn before any has a second one', async () => {
  const client = await (await freshDatabase()).connect()
  const store = storeOn(client)
  await client.query(
    `insert into outbox.endpoints (url) select 'https://a.example/' || n from generate_series(1, 100) as n`,
  )
  await emitAtOnce(client, 20)
  await store.take(greedy('setup:1', { leaseLimit: 0 }))
  const turns: EndpointId[] = []
  let scanAfter: EndpointId | null = null
  for (let n = 1; turns.length < 100; n++) {
    const { deliveries, meta } = await store.take(
      greedy(`a:${n}`, { leaseLimit: 24, defaultCapacity: 4, scanAfter, scanLimit: 30 }),
    )
    turns.push(...new Set(deliveries.map(d => d.endpointId)))
    scanAfter = meta.scanCursor
  }
  expect(new Set(turns).size).toBe(100)
})

test('one endpoint with a backlog does not make other claims scan for nothing', async () => {
  const client = await (await freshDatabase()).connect()
  const store = storeOn(client)
  await client.query(`insert into outbox.endpoints (url, max_in_flight) values ('https://a.example', 1000)`)
  await emitAtOnce(client, 100)
  await store.take(greedy('setup:1', { leaseLimit: 0 }))
  const { deliveries, meta } = await store.take(greedy('a:1', { leaseLimit: 50 }))
  expect(deliveries).toHaveLength(50)
  expect(meta.scanCursor).toBeNull()
})
