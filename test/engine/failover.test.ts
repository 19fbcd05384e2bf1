// Failover to a standby: the listener finds the new primary by itself, no acknowledged event is lost, repetitions keep
// their ids, and the listener leaves a demoted server that still answers.
import type pg from 'pg'
import { expect, test } from 'vitest'
import { countOpen, startWriter } from '../support/event-writer.ts'
import { eventually } from '../support/eventually.ts'
import { addEndpoint, deliveryStates, emit, startTestListener } from '../support/outbox.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { connectTo, startServer, type TestServer } from '../support/server.ts'
import { startStandby } from '../support/standby.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

const quickPoll = { OUTBOX_POLL_SECONDS: '0.5', OUTBOX_LEASE_SECONDS: '10' }

test('after the primary dies under load, every acknowledged event is delivered from the standby under the same id', async () => {
  const { primary, standby, proxy, proxied, receiver } = await setUp()
  await startTestListener(proxied, quickPoll)
  const writer = startWriter(() => proxied)
  await receiver.waitFor(100)
  await primary.crash()
  proxy.leadTo({ host: '127.0.0.1', port: standby.port })
  const client = await promote(standby)
  const before = writer.acknowledged.length
  await eventually(() => writer.acknowledged.length > before + 100, { timeoutMs: 20_000 })
  await writer.stop()
  await eventually(async () => (await countOpen(client)) === 0, { timeoutMs: 30_000 })

  const received = new Set(receiver.requests.map(request => String(request.headers['webhook-id'])))
  expect(writer.acknowledged.filter(id => !received.has(id))).toEqual([])
  const { rows } = await client.query('select outbox.event_id(id, nonce) as id from outbox.events')
  const committed = new Set(rows.map(row => row.id))
  expect([...received].filter(id => !committed.has(id))).toEqual([])
  expect(bodiesPerId(receiver)).toBe(1)
})

test('the listener leaves an old primary that is demoted but keeps its connections, and claims nothing from it any more', async () => {
  const { primary, standby, proxy, proxied, receiver } = await setUp()
  const listener = await startTestListener(proxied, quickPoll)
  await emit(await connectTo(proxied), 3)
  await receiver.waitFor(3)
  const old = await connectTo(primary.databaseUrl)
  await old.query(`alter system set synchronous_standby_names = ''`)
  await old.query('alter system set default_transaction_read_only = on')
  await old.query('select pg_reload_conf()')
  proxy.leadTo({ host: '127.0.0.1', port: standby.port })
  const client = await promote(standby)
  await emit(client, 3)
  await receiver.waitFor(6, { timeoutMs: 20_000 })
  await eventually(async () => (await deliveryStates(client)).delivered === 6)
  await eventually(async () => expect(await listenersOn(old)).toBe(0))
  await eventually(async () =>
    expect((await fetch(`http://127.0.0.1:${listener.healthPort}/readyz`)).status).toBe(200),
  )
})

async function setUp() {
  const primary = await startServer()
  const standby = await startStandby(primary)
  const receiver = await startReceiver()
  await addEndpoint(await connectTo(primary.databaseUrl), { url: receiver.url })
  const proxy = await startTcpProxy({ host: '127.0.0.1', port: primary.port })
  const url = new URL(primary.databaseUrl)
  url.port = String(proxy.port)
  return { primary, standby, proxy, proxied: url.href, receiver }
}

async function promote(standby: TestServer): Promise<pg.Client> {
  const client = await connectTo(standby.databaseUrl)
  await client.query('select pg_promote()')
  await client.query('set default_transaction_read_only = off')
  return client
}

async function listenersOn(client: pg.Client): Promise<number> {
  const { rows } = await client.query(
    `select count(*)::int as n from pg_stat_activity where application_name like 'listener-%'`,
  )
  return rows[0].n
}

/** The maximum number of different bodies under one id. */
function bodiesPerId({ requests }: Receiver): number {
  const byId = Map.groupBy(requests, request => request.headers['webhook-id'])
  return Math.max(...[...byId.values()].map(same => new Set(same.map(({ body }) => body.toString())).size))
}
