// The listener when its database is away, silent, read-only or full of noise: no crash, nothing lost, and the truth on /readyz.
import { describe, expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { startDeafProxy } from '../support/deaf-proxy.ts'
import { eventually } from '../support/eventually.ts'
import { startListenerProcess } from '../support/listener-process.ts'
import { addEndpoint, deliveryStates, emit, emitAtOnce, startTestListener } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

const quickPoll = { OUTBOX_POLL_SECONDS: '0.2' }

describe('a listener', () => {
  test('that starts while the database refuses connections is not ready, and works once they are taken', async () => {
    const { client, receiver, proxy, proxied } = await scene()
    proxy.mode('refuse')
    const replica = await startTestListener(proxied, quickPoll)
    expect((await ready(replica)).status).toBe(503)
    expect(await (await ready(replica)).text()).toBe('not connected to the database\n')
    await emit(client, 3)
    proxy.mode('pass')
    await receiver.waitFor(3, { timeoutMs: 60_000 })
    await eventually(async () => (await ready(replica)).status === 200)
  })

  test('whose links are reset connects again and looks at what it missed', async () => {
    const { client, receiver, proxy, proxied } = await scene()
    await startTestListener(proxied, { OUTBOX_POLL_SECONDS: '3600' })
    // Its first claims are over, or one that is cut may still be carried out: that waits for its lease to run out.
    await emit(client)
    await receiver.waitFor(1)
    await eventually(async () => (await deliveryStates(client)).delivered === 1)
    proxy.mode('refuse')
    proxy.cut()
    await emit(client, 3)
    proxy.mode('pass')
    await receiver.waitFor(4, { timeoutMs: 60_000 })
  }, 120_000)

  test('whose link has silently died notices, says so, and comes back by itself', async () => {
    const { client, receiver, proxy, proxied } = await scene()
    const replica = await startTestListener(proxied, quickPoll)
    await eventually(async () => (await ready(replica)).status === 200)
    proxy.mode('silence')
    await eventually(async () => (await ready(replica)).status === 503, { timeoutMs: 60_000 })
    expect((await fetch(`http://127.0.0.1:${replica.healthPort}/livez`)).status).toBe(200)
    await emit(client, 3)
    proxy.mode('pass')
    await receiver.waitFor(3, { timeoutMs: 60_000 })
  }, 120_000)

  test('that cannot write down what it sent stops sending, and settles when it can again', async () => {
    const hold = Promise.withResolvers<void>()
    const { client, receiver, proxy, proxied } = await scene(async () => {
      await hold.promise
      return 200
    })
    await startTestListener(proxied, quickPoll)
    await emitAtOnce(client, 100)
    await receiver.waitFor(32)
    proxy.mode('refuse')
    proxy.cut()
    hold.resolve()
    // Nothing new can be claimed, and what waits in memory is not sent: only what was under way is finished.
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

  test('stops sending while the database is read-only, and resumes by itself', async () => {
    const { db, client, receiver } = await scene()
    const replica = await startTestListener(db.url, quickPoll)
    await eventually(async () => (await ready(replica)).status === 200)
    const { rows } = await client.query('select current_database() as name')
    await client.query(`alter database ${rows[0].name} set default_transaction_read_only = on`)
    await client.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name like 'listener-%'`)
    await eventually(async () => (await (await ready(replica)).text()) === 'the database is read-only\n')
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

  test('behind a pooler that swallows notifications says so, never counts as awake, and delivers by polling', async () => {
    const { db, client, receiver } = await scene()
    const { hostname, port } = new URL(db.url)
    const deaf = new URL(db.url)
    const proxy = await startDeafProxy({ host: hostname, port: Number(port) })
    deaf.port = String(proxy.port)
    const replica = await startListenerProcess(
      deaf.href,
      { ...quickPoll, OUTBOX_LOG_ATTEMPTS_PER_SECOND: '0' },
      {
        says: 'did not arrive',
      },
    )
    // Bursts that would take a listener awake: its lock would tell writers that they need not notify.
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
    await eventually(() => replica.said().includes('"msg":"listening"'), { timeoutMs: 60_000 })
    replica.signal('SIGTERM')
    expect(await replica.exited).toBe(0)
  })

  test('is not confused by a storm of junk on its channel, and does not look again for each piece of it', async () => {
    const hold = Promise.withResolvers<void>()
    const { db, client, receiver } = await scene(async ({ body }) => {
      if (body.includes('last')) await hold.promise
      return 200
    })
    await startTestListener(db.url)
    const stranger = await db.connect()
    for (let n = 0; n < 50; n++) {
      await stranger.query(
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

async function scene(respond?: Parameters<typeof startReceiver>[0]) {
  const db = await freshDatabase()
  const client = await db.connect()
  const receiver = await startReceiver(respond)
  await addEndpoint(client, { url: receiver.url })
  const url = new URL(db.url)
  const proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) })
  url.port = String(proxy.port)
  return { db, client, receiver, proxy, proxied: url.href }
}

const ready = (replica: { healthPort: number }) => fetch(`http://127.0.0.1:${replica.healthPort}/readyz`)
