// A listener that is only an ear: it rings for those that send elsewhere, and sends nothing.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { atEnd } from '../support/cleanup.ts'
import { startEdgeApi } from '../support/edge.ts'
import { eventually } from '../support/eventually.ts'
import { runListener, startListenerProcess } from '../support/listener-process.ts'
import { addEndpoint, deliveryStates, emit, endLeases, greedy, storeOn } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'
import { setUp } from '../support/topology.ts'

const ear = { OUTBOX_ROLE: 'ear', OUTBOX_RING_KEY: 'look', OUTBOX_MASTER_KEYS: '' }

/** Where it rings: answers as told, and counts. */
async function startBell(statuses: number[] = []) {
  const rings: string[] = []
  const server = createServer((request, response) => {
    rings.push(`${request.method} ${request.url} ${request.headers.authorization}`)
    response.writeHead(statuses.shift() ?? 200).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  atEnd(() => server.close())
  return { rings, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/ring` }
}

test('it rings when an event is committed, and sends nothing itself', async () => {
  const { db, client, receiver } = await setUp()
  const bell = await startBell()
  const listener = await startListenerProcess(db.url, { ...ear, OUTBOX_RING_URL: bell.url })
  await eventually(() => bell.rings.length > 0) // it may have missed something before it listened
  const before = bell.rings.length
  await emit(client)
  await eventually(() => bell.rings.length > before)
  expect(new Set(bell.rings)).toEqual(new Set(['POST /v1/ring Bearer look']))
  await eventually(async () => expect(await listener.ask('/readyz')).toMatchObject({ status: 200 }))
  listener.signal('SIGTERM')
  expect(await listener.exited).toBe(0)
  expect(receiver.requests).toHaveLength(0)
})

test('it rings again until it is answered', async () => {
  const { db, client } = await setUp()
  const bell = await startBell([503, 429, 500])
  await startListenerProcess(db.url, { ...ear, OUTBOX_RING_URL: bell.url })
  await emit(client)
  await eventually(() => bell.rings.length >= 4)
})

test('it takes back what a dead sender held, and rings for it', async () => {
  const { db, client } = await setUp()
  const bell = await startBell()
  await emit(client, 2)
  await storeOn(client).take(greedy('edge-x:1', { leaseLimit: 2 }))
  await endLeases(client)
  await startListenerProcess(db.url, { ...ear, OUTBOX_RING_URL: bell.url, OUTBOX_POLL_SECONDS: '0.1' })
  await eventually(async () => expect(await deliveryStates(client)).toEqual({ pending: 2 }))
  const { rows } = await client.query('select distinct sender, error from outbox.attempts')
  expect(rows).toEqual([{ sender: 'edge', error: 'interrupted' }])
})

test('with edge sending, what SQL alone has written is sent soon', async () => {
  const api = await startEdgeApi()
  const receiver = await startReceiver()
  await addEndpoint(api.db, { url: receiver.url })
  await startListenerProcess(api.database.url, { ...ear, OUTBOX_RING_URL: `${api.worker.url}/v1/ring` })
  await emit(api.db, 3)
  await eventually(async () => expect(await deliveryStates(api.db)).toEqual({ delivered: 3 }))
})

test.each([
  ['OUTBOX_RING_URL', { OUTBOX_RING_URL: '' }],
  ['OUTBOX_RING_KEY', { OUTBOX_RING_KEY: '' }],
  ['OUTBOX_ROLE', { OUTBOX_ROLE: 'nose' }],
])('without a good %s it does not start, and says so', async (name, wrong) => {
  const { code, output } = await runListener({
    ...ear,
    OUTBOX_RING_URL: 'http://127.0.0.1:1/v1/ring',
    DATABASE_URL_UNPOOLED: 'postgresql://user@127.0.0.1:1/none',
    ...wrong,
  })
  expect(code).toBe(1)
  expect(output).toContain(name)
})
