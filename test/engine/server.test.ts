// A Postgres that crashes, is stopped, has no free connections or is slow: the listener stays up, nothing is lost, and only
// requests in flight are sent twice. The server is the test's own, because it would disturb other tests.
import { kill } from 'node:process'
import type pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { Link } from '../../chaos/link.ts'
import { startGuard } from '../../dev/guard.ts'
import { startPostgres } from '../../dev/postgres.ts'
import { atEnd } from '../support/cleanup.ts'
import { countOpen, startWriter } from '../support/event-writer.ts'
import { eventually } from '../support/eventually.ts'
import { startListenerProcess } from '../support/listener-process.ts'
import { addEndpoint, emit, endLeases, startTestListener } from '../support/outbox.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { connectTo, startServer, type TestServer } from '../support/server.ts'

const quickPoll = { OUTBOX_POLL_SECONDS: '0.5' }
const inTime = { timeoutMs: 20_000 }

let server: TestServer
beforeAll(async () => {
  server = await startServer({ settings: { max_connections: '40', max_prepared_transactions: '2' } })
})

describe('trouble with the server', () => {
  test('a server that crashes repeatedly under load loses no committed event', async () => {
    const { type, receiver } = await setUp()
    const listener = await startListenerProcess(server.databaseUrl, quickPoll)
    const writer = startWriter(() => server.databaseUrl, type)
    for (let crash = 0; crash < 3; crash++) {
      const before = receiver.requests.length
      await receiver.waitFor(before + 30, inTime)
      await server.crash()
      server = await startAgain(server)
    }
    await writer.stop()
    await allArrive(receiver, writer.acknowledged)
    await stop(listener)
  })

  test('after a backend is killed during a claim and the server restarts, delivery continues', async () => {
    const { type, receiver } = await setUp()
    const listener = await startListenerProcess(server.databaseUrl, quickPoll)
    const writer = startWriter(() => server.databaseUrl, type)
    await receiver.waitFor(30, inTime)
    const client = await connectTo(server.databaseUrl)
    const claiming = `
      select pid from pg_stat_activity where application_name like 'listener-%' and (query like '%outbox: fan_out%' or query like '%outbox: claim%') limit 1`
    const [{ pid }] = await eventually(async () => {
      const { rows } = await client.query(claiming)
      return rows.length > 0 && rows
    })
    const cut = new Promise<void>(resolve => client.once('end', resolve))
    kill(pid, 'SIGKILL')
    await cut
    await receiver.waitFor(receiver.requests.length + 30, inTime)
    await writer.stop()
    await allArrive(receiver, writer.acknowledged)
    await stop(listener)
  })

  test('the listener finds a stopped server again soon, without filling the log meanwhile', async () => {
    const { type, receiver } = await setUp()
    const listener = await startListenerProcess(server.databaseUrl, quickPoll)
    await server.stop()
    const lines = listener.said().split('\n').length
    await new Promise(resolve => setTimeout(resolve, 5_000))
    // Two parts of the listener try again, each at growing intervals.
    expect(listener.said().split('\n').length - lines).toBeLessThan(30)
    server = await startAgain(server)
    await emit(await connectTo(server.databaseUrl), 1, { type })
    await receiver.waitFor(1, { timeoutMs: 15_000 })
    await stop(listener)
  })

  test('the listener retries at growing intervals while no connection is free, and is not ready', async () => {
    const { type, receiver } = await setUp()
    const admin = await connectTo(server.databaseUrl)
    const listener = await startListenerProcess(server.databaseUrl, quickPoll)
    const taken = await takeAllConnections()
    await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'listener-%'`,
    )
    taken.push(...(await takeAllConnections()))
    await eventually(async () => (await listener.ask('/readyz')).status === 503, inTime)
    const tries = refusals(listener.said())
    await new Promise(resolve => setTimeout(resolve, 3_000))
    expect(refusals(listener.said()) - tries).toBeLessThan(20)
    await emit(admin, 1, { type })
    await Promise.all(taken.map(client => client.end()))
    await receiver.waitFor(1, { timeoutMs: 15_000 })
    // The claiming connection may be back before the listening one.
    await eventually(async () => (await listener.ask('/readyz')).status === 200, inTime)
    await stop(listener)
  })

  test('a server that answers half a second late lets no lease run out, and nothing is sent twice', async () => {
    const { client, type, receiver } = await setUp()
    const link = await Link.open(server.port)
    atEnd(() => link.close())
    link.set({ kind: 'delay', ms: 250 }) // each way
    const url = new URL(server.databaseUrl)
    url.port = String(link.port)
    const listener = await startTestListener(url.href, { OUTBOX_LEASE_SECONDS: '10' })
    for (let burst = 0; burst < 5; burst++) await emit(client, 20, { type })
    await receiver.waitFor(100, inTime)
    await eventually(async () => (await countOpen(client)) === 0, inTime)
    expect(receiver.requests).toHaveLength(100)
    await listener.stop()
  })

  test('a prepared transaction is refused after a notification; with notifications off its event is found by polling', async () => {
    const { client, type, receiver } = await setUp()
    const prepare = async (name: string) => {
      await client.query('begin')
      await emit(client, 1, { type })
      await client.query(`prepare transaction '${name}'`)
    }
    await expect(prepare('loud')).rejects.toThrow('cannot PREPARE a transaction that has executed')
    await client.query('rollback')
    await client.query('set outbox.notify = off')
    await prepare('quiet')
    const listener = await startTestListener(server.databaseUrl, quickPoll)
    await client.query(`commit prepared 'quiet'`)
    await receiver.waitFor(1)
    await listener.stop()
    expect(receiver.requests).toHaveLength(1)
  })
})

let types = 0
/** A receiver for events of its own type, and no listener before this one, which might have had another address. */
async function setUp() {
  const client = await connectTo(server.databaseUrl)
  await client.query('delete from outbox.identity')
  const receiver = await startReceiver()
  const type = `test.number_${++types}`
  await addEndpoint(client, { url: receiver.url, event_types: [type] })
  return { client, receiver, type }
}

/** Starts the same server again, as its supervisor would. */
async function startAgain(old: TestServer): Promise<TestServer> {
  const guard = startGuard()
  const settings = { max_connections: '40', max_prepared_transactions: '2' }
  const restarted = await startPostgres({ dir: old.dir, port: old.port, guard, settings })
  atEnd(() => restarted.stop())
  return { ...old, ...restarted }
}

async function allArrive({ requests }: Receiver, acknowledged: string[]): Promise<void> {
  // Webhooks claimed before also arrive while the server still recovers.
  const client = await eventually(() => connectTo(server.databaseUrl), inTime)
  // Deliveries of a claim whose answer was lost wait for their lease. Leases follow the database's time, so the test moves them.
  await endLeases(client)
  await eventually(async () => (await countOpen(client)) === 0, inTime)
  const received = new Set(requests.map(request => request.headers['webhook-id']))
  expect(acknowledged.filter(id => !received.has(id))).toEqual([])
}

async function takeAllConnections(): Promise<pg.Client[]> {
  const taken: pg.Client[] = []
  for (;;) {
    try {
      taken.push(await connectTo(server.databaseUrl))
    } catch (error) {
      if ((error as { code?: string }).code !== '53300') throw error
      return taken
    }
  }
}

const refusals = (said: string) => said.split('"sqlstate":"53300"').length - 1

async function stop(listener: Awaited<ReturnType<typeof startListenerProcess>>): Promise<void> {
  listener.signal('SIGTERM')
  expect(await listener.exited).toBe(0)
}
