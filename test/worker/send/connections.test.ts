// Which connections are kept, and for how long.
import { buildConnector, type Dispatcher } from 'undici'
import { expect, test } from 'vitest'
import { directClient } from '../../../worker/send/clients.ts'
import { type Connection, Connections } from '../../../worker/send/connections.ts'
import { atEnd } from '../../support/cleanup.ts'
import { eventually } from '../../support/eventually.ts'
import { ok, type RawRespond, startRawReceiver } from '../../support/raw-receiver.ts'

function openConnections(): Connections {
  const connections = new Connections(directClient(buildConnector({})))
  atEnd(() => connections.close())
  return connections
}

/** One request, up to the turn of the event loop in which the transport hands it over. */
function request({ dispatcher, origin }: Connection): Promise<void> {
  return new Promise((resolve, reject) => {
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart() {},
      onResponseStart() {},
      onResponseData() {},
      onResponseEnd: () => void setImmediate(resolve),
      onResponseError: (_, error) => reject(error),
    }
    dispatcher.dispatch({ origin, path: '/', method: 'POST' }, handler)
  })
}

async function startReceiver(respond: RawRespond) {
  const receiver = await startRawReceiver(respond)
  return { ...receiver, origin: `http://127.0.0.1:${receiver.port}` }
}

/** As many requests at a time. */
async function burst(connections: Connections, origin: string, count: number) {
  const taken = Array.from({ length: count }, () => connections.take(origin))
  await Promise.all(taken.map(request))
  for (const connection of taken) connections.release(connection)
}

test('there are as many as there were requests at a time, and they are used again', async () => {
  const receiver = await startReceiver(socket => socket.write(ok()))
  const connections = openConnections()
  for (let i = 0; i < 5; i++) await burst(connections, receiver.origin, 7)
  expect(receiver.requests).toHaveLength(35)
  expect(receiver.connections).toHaveLength(7)
  expect(connections.size).toBe(7)
})

test('those that the receiver closes after the answer are not kept, nor is its origin', async () => {
  const connections = openConnections()
  for (let i = 0; i < 20; i++) {
    const receiver = await startReceiver(socket => socket.end(ok('ok', 'connection: close\r\n')))
    await burst(connections, receiver.origin, 3)
    expect(receiver.connections).toHaveLength(3)
  }
  await eventually(() => expect([connections.size, connections.origins]).toEqual([0, 0]))
})

test('one that is closed before it is given back is not kept', async () => {
  const receiver = await startReceiver(socket => socket.end(ok()))
  const connections = openConnections()
  const connection = connections.take(receiver.origin)
  await request(connection)
  await eventually(() => !connection.isOpen)
  connections.release(connection)
  expect([connections.size, connections.origins]).toEqual([0, 0])
})

test('free ones that the receiver closes are forgotten, with their origin', async () => {
  const receiver = await startReceiver(socket => socket.write(ok()))
  const connections = openConnections()
  await burst(connections, receiver.origin, 5)
  expect([connections.size, connections.origins]).toEqual([5, 1])
  for (const socket of receiver.connections) socket.end()
  await eventually(() => expect([connections.size, connections.origins]).toEqual([0, 0]))
})

test('after a burst those that are no longer needed are closed, and the ones in use stay', async () => {
  // Of the three seconds that the receiver offers undici keeps two as a margin.
  const receiver = await startReceiver(socket => socket.write(ok('ok', 'keep-alive: timeout=3\r\n')))
  const connections = openConnections()
  await burst(connections, receiver.origin, 10)
  expect(connections.size).toBe(10)
  await eventually(async () => {
    await burst(connections, receiver.origin, 1)
    expect(connections.size).toBe(1)
  })
  expect(receiver.connections).toHaveLength(10)
})

test('one that cannot be opened is dropped by who took it, and nothing is left of it', async () => {
  const connections = openConnections()
  const connection = connections.take('http://127.0.0.1:1')
  await expect(request(connection)).rejects.toThrow()
  connections.drop(connection)
  expect([connections.size, connections.origins]).toEqual([0, 0])
})

test('when they are closed, the receiver sees the end of each', async () => {
  const receiver = await startReceiver(socket => socket.write(ok()))
  const connections = openConnections()
  await burst(connections, receiver.origin, 4)
  await connections.close()
  expect(connections.size).toBe(0)
  await eventually(() => receiver.connections.every(socket => socket.destroyed))
})
