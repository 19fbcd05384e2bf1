// A database that is unreachable, silent, read-only or noisy: the listener does not crash, loses nothing, and reports it on /readyz.
import { describe, expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { startDeafProxy } from '../support/deaf-proxy.ts'
import { eventually } from '../support/eventually.ts'
import { startListenerProcess } from '../support/listener-process.ts'
import { addEndpoint, deliveryStates, emit, emitAtOnce, startTestListener } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

const quickPoll = { OUTBOX_POLL_SECONDS: '0.2' }

describe('trouble with the database', () => {
  test('a listener started while the database refuses connections is not ready, and works once it accepts them', async () => {
    const { client, receiver, proxy, proxied } = await setUp()
    proxy.mode('refuse')
    const listener = await startTestListener(proxied, quickPoll)
    expect((await ready(listener)).status).toBe(503)
    await eventually(async () => {
      expect(await (await ready(listener)).text()).toMatch(
        /^cannot use the database: the connection was cut: .+\n$/,
      )
    })
    await emit(client, 3)
    proxy.mode('pass')
    await receiver.waitFor(3, { timeoutMs: 60_000 })
    await eventually(async () => (await ready(listener)).status === 200)
  })

  test('a listener whose connections are reset connects again and finds the events it missed', async () => {
    const { client, receiver, proxy, proxied } = await setUp()
    await startTestListener(proxied, { OUTBOX_POLL_SECONDS: '3600' })
    // Its first claims are over. Otherwise the server might still execute a cut claim, and its lease would have to run out.
    await emit(client)
    await receiver.waitFor(1)
    await eventually(async () => (await deliveryStates(client)).delivered === 1)
    proxy.mode('refuse')
    proxy.cut()
    await emit(client, 3)
    proxy.mode('pass')
    await receiver.waitFor(4, { timeoutMs: 60_000 })
  })

  test('a listener notices a silently dead connection, reports it, and recovers by itself', async () => {
    const { client, receiver, proxy, proxied } = await setUp()
    const listener = await startTestListener(proxied, quickPoll)
    await eventually(async () => (await ready(listener)).status === 200)
    proxy.mode('silence')
    await eventually(async () => (await ready(listener)).status === 503, { timeoutMs: 60_000 })
    expect((await fetch(`http://127.0.0.1:${listener.healthPort}/livez`)).status).toBe(200)
    await emit(client, 3)
    proxy.mode('pass')
    await receiver.waitFor(3, { timeoutMs: 60_000 })
  })

  test('a listener that cannot record outcomes stops sending, and settles when it can again', async () => {
    const hold = Promise.withResolvers<void>()
    const { client, receiver, proxy, proxied } = await setUp(async () => {
      await hold.promise
      return 200
    })
    await startTestListener(proxied, quickPoll)
    await emitAtOnce(client, 100)
    await receiver.waitFor(32)
    proxy.mode('refuse')
    proxy.cut()
    hold.resolve()
    // It can't claim anything, and does not send what it has prefetched: only requests in flight are finished.
    await eventually(async () => {
      const { rows } = await client.query(`select count(*)::int as n from pg_stat_activity
        where datname = current_database() and application_name like 'listener-%'`)
      return rows[0].n === 0
    })
    expect(receiver.requests).toHaveLength(32)
    proxy.mode('pass')
    await eventually(async () => (await deliveryStates(client)).delivered === 100, { timeoutMs: 60_000 })
    expect(receiver.requests).toHaveLength(100)
  })

  test('a listener stops sending while the database is read-only, and resumes by itself', async () => {
    const { db, client, receiver } = await setUp()
    const listener = await startTestListener(db.url, quickPoll)
    await eventually(async () => (await ready(listener)).status === 200)
    const { rows } = await client.query('select current_database() as name')
    await client.query(`alter database ${rows[0].name} set default_transaction_read_only = on`)
    await client.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name like 'listener-%'`)
    await eventually(async () => (await (await ready(listener)).text()) === 'the database is read-only\n')
    await client.query('set transaction read write')
    await emit(client, 2)
    expect(receiver.requests).toHaveLength(0)
    await client.query('begin; set transaction read write')
    await client.query(`alter database ${rows[0].name} reset default_transaction_read_only`)
    await client.query('commit')
    await client.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name like 'listener-%'`)
    await receiver.waitFor(2, { timeoutMs: 60_000 })
  })

  test('a listener behind a pooler that swallows notifications reports it, never suppresses notifications, and delivers by polling', async () => {
    const { db, client, receiver } = await setUp()
    const { hostname, port } = new URL(db.url)
    const deaf = new URL(db.url)
    const proxy = await startDeafProxy({ host: hostname, port: Number(port) })
    deaf.port = String(proxy.port)
    const listener = await startListenerProcess(
      deaf.href,
      { ...quickPoll, OUTBOX_LOG_ATTEMPTS_PER_SECOND: '0' },
      {
        says: 'did not arrive',
      },
    )
    // Bursts that make a listener poll. It would then hold the lock that tells writers not to notify.
    for (let burst = 0; burst < 20; burst++) {
      await emitAtOnce(client, 50)
      const { rows } = await client.query(
        `select from pg_locks join pg_database d on d.oid = database and d.datname = current_database()
         where locktype = 'advisory' and classid = 1869967992 and objid = 2 and mode = 'ExclusiveLock'`,
      )
      expect(rows).toEqual([])
      await receiver.waitFor(50 * burst)
    }
    await emit(client)
    await receiver.waitFor(1001, { timeoutMs: 60_000 })
    proxy.heal()
    await eventually(() => listener.said().includes('"msg":"listening"'), { timeoutMs: 60_000 })
    listener.signal('SIGTERM')
    expect(await listener.exited).toBe(0)
  })

  test('a listener survives a flood of junk notifications, and does not claim once for each', async () => {
    const hold = Promise.withResolvers<void>()
    const { db, client, receiver } = await setUp(async ({ body }) => {
      if (body.includes('last')) await hold.promise
      return 200
    })
    await startTestListener(db.url)
    const noisy = await db.connect()
    for (let n = 0; n < 50; n++) {
      await noisy.query(
        `select pg_notify('outbox', n || repeat('x', 10 + $1 % 2 * 5000)) from generate_series(1, 1000) as n`,
        [n],
      )
      if (n % 10 === 0) await emit(client)
    }
    await client.query(`select pg_notify('outbox', 'polling') from generate_series(1, 10)`)
    await receiver.waitFor(5, { timeoutMs: 60_000 })
    await emit(client, 1, { type: 'the.last' })
    await receiver.waitFor(6)
    const { rows } = await client.query(`select lease from outbox.deliveries where state = 'sending'`)
    const claims = Number(rows[0].lease.split(':')[1])
    expect(claims).toBeLessThan(5_000)
    hold.resolve()
    await eventually(async () => (await deliveryStates(client)).delivered === 6)
  })
})

async function setUp(respond?: Parameters<typeof startReceiver>[0]) {
  const db = await freshDatabase()
  const client = await db.connect()
  const receiver = await startReceiver(respond)
  await addEndpoint(client, { url: receiver.url })
  const url = new URL(db.url)
  const proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) })
  url.port = String(proxy.port)
  return { db, client, receiver, proxy, proxied: url.href }
}

const ready = (listener: { healthPort: number }) => fetch(`http://127.0.0.1:${listener.healthPort}/readyz`)
