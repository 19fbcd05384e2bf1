// A Postgres that crashes, is away, has no room for connections or is slow: the listener stays up, nothing is lost, nothing
// is sent twice but what was in flight. The server is the test's own: the others would notice.
import { kill } from 'node:process'
import type pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { Link } from '../../chaos/link.ts'
import { startGuard } from '../../dev/guard.ts'
import { startPostgres } from '../../dev/postgres.ts'
import { atEnd } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { startListenerProcess } from '../support/listener-process.ts'
import { addEndpoint, emit, startTestListener } from '../support/outbox.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { connectTo, startServer, type TestServer } from '../support/server.ts'

const quickPoll = { OUTBOX_POLL_SECONDS: '0.5' }
const inTime = { timeoutMs: 20_000 }

let server: TestServer
beforeAll(async () => {
  server = await startServer({ settings: { max_connections: '40', max_prepared_transactions: '2' } })
})

describe('a server', () => {
  test('that crashes again and again under load costs nothing that was committed', async () => {
    const { type, receiver } = await scene()
    const replica = await startListenerProcess(server.databaseUrl, quickPoll)
    const writer = write(type)
    for (let crash = 0; crash < 3; crash++) {
      const before = receiver.requests.length
      await receiver.waitFor(before + 30, inTime)
      await server.crash()
      server = await again(server)
    }
    await writer.stop()
    await allArrive(receiver, writer.acknowledged)
    await stop(replica)
  }, 60_000)

  test('one of whose processes is killed under a claim restarts all of them, and nobody notices for long', async () => {
    const { type, receiver } = await scene()
    const replica = await startListenerProcess(server.databaseUrl, quickPoll)
    const writer = write(type)
    await receiver.waitFor(30, inTime)
    const client = await connectTo(server.databaseUrl)
    const claiming = `
      select pid from pg_stat_activity where application_name like 'listener-%' and query like '%Stop 5%' limit 1`
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
    await stop(replica)
  }, 60_000)

  test('that is away for a while is met again soon, and the log does not fill meanwhile', async () => {
    const { type, receiver } = await scene()
    const replica = await startListenerProcess(server.databaseUrl, quickPoll)
    await server.stop()
    const lines = replica.said().split('\n').length
    await new Promise(resolve => setTimeout(resolve, 5_000))
    // Two parts that try again, each at longer and longer intervals.
    expect(replica.said().split('\n').length - lines).toBeLessThan(30)
    server = await again(server)
    await emit(await connectTo(server.databaseUrl), 1, { type })
    await receiver.waitFor(1, { timeoutMs: 15_000 })
    await stop(replica)
  }, 60_000)

  test('whose connections are all taken is waited for without haste, and said to be away', async () => {
    const { type, receiver } = await scene()
    const admin = await connectTo(server.databaseUrl)
    const replica = await startListenerProcess(server.databaseUrl, quickPoll)
    const taken = await takeAllConnections()
    await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'listener-%'`,
    )
    taken.push(...(await takeAllConnections()))
    await eventually(async () => (await replica.ask('/readyz')).status === 503, inTime)
    const tries = refusals(replica.said())
    await new Promise(resolve => setTimeout(resolve, 3_000))
    expect(refusals(replica.said()) - tries).toBeLessThan(20)
    await emit(admin, 1, { type })
    await Promise.all(taken.map(client => client.end()))
    await receiver.waitFor(1, { timeoutMs: 15_000 })
    // The connection that claims may be back before the one that listens.
    await eventually(async () => (await replica.ask('/readyz')).status === 200, inTime)
    await stop(replica)
  }, 60_000)

  test('that answers half a second late makes no lease run out, and nothing is sent twice', async () => {
    const { client, type, receiver } = await scene()
    const link = await Link.open(server.port)
    atEnd(() => link.close())
    link.set({ kind: 'delay', ms: 250 }) // each way
    const url = new URL(server.databaseUrl)
    url.port = String(link.port)
    const replica = await startTestListener(url.href, { OUTBOX_LEASE_SECONDS: '10' })
    for (let burst = 0; burst < 5; burst++) await emit(client, 20, { type })
    await receiver.waitFor(100, inTime)
    await eventually(async () => (await open(client)) === 0, inTime)
    expect(receiver.requests).toHaveLength(100)
    await replica.stop()
  }, 60_000)

  test('asked to prepare a transaction refuses where it notified; with notifications off the event comes by polling', async () => {
    const { client, type, receiver } = await scene()
    const prepare = async (name: string) => {
      await client.query('begin')
      await emit(client, 1, { type })
      await client.query(`prepare transaction '${name}'`)
    }
    await expect(prepare('loud')).rejects.toThrow('cannot PREPARE a transaction that has executed')
    await client.query('rollback')
    await client.query('set outbox.notify = off')
    await prepare('quiet')
    const replica = await startTestListener(server.databaseUrl, quickPoll)
    await client.query(`commit prepared 'quiet'`)
    await receiver.waitFor(1)
    await replica.stop()
    expect(receiver.requests).toHaveLength(1)
  })
})

let scenes = 0
/** A receiver for events of a type of its own. */
async function scene() {
  const client = await connectTo(server.databaseUrl)
  const receiver = await startReceiver()
  const type = `scene.number_${++scenes}`
  await addEndpoint(client, { url: receiver.url, event_types: [type] })
  return { client, receiver, type }
}

/** The same server, as its supervisor starts it. */
async function again(old: TestServer): Promise<TestServer> {
  const guard = startGuard()
  const settings = { max_connections: '40', max_prepared_transactions: '2' }
  const restarted = await startPostgres({ dir: old.dir, port: old.port, guard, settings })
  atEnd(() => restarted.stop())
  return { ...old, ...restarted }
}

/** Commits events one by one, connecting again when it must. */
function write(type: string) {
  const acknowledged: string[] = []
  let going = true
  const run = async () => {
    while (going) {
      try {
        const client = await connectTo(server.databaseUrl)
        while (going) acknowledged.push(...(await emit(client, 1, { type })))
      } catch {
        await new Promise(resolve => setTimeout(resolve, 50)) // it will be back
      }
    }
  }
  const done = run()
  const stop = async () => {
    going = false
    await done
  }
  return { acknowledged, stop }
}

async function allArrive({ requests }: Receiver, acknowledged: string[]): Promise<void> {
  // Webhooks that were claimed before arrive also while the server still recovers.
  const client = await eventually(() => connectTo(server.databaseUrl), inTime)
  // What was in the hands of a claim whose answer was lost waits for its lease; time is the database's and can be moved.
  await client.query(`update outbox.deliveries set leased_until = clock_timestamp() where state = 'sending'`)
  await eventually(async () => (await open(client)) === 0, inTime)
  const received = new Set(requests.map(request => request.headers['webhook-id']))
  expect(acknowledged.filter(id => !received.has(id))).toEqual([])
}

async function open(client: pg.Client): Promise<number> {
  const { rows } = await client.query(
    `select (select count(*) from outbox.fanout)::int
            + (select count(*) from outbox.deliveries where state <> 'delivered')::int as n`,
  )
  return rows[0].n
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

async function stop(replica: Awaited<ReturnType<typeof startListenerProcess>>): Promise<void> {
  replica.signal('SIGTERM')
  expect(await replica.exited).toBe(0)
}
