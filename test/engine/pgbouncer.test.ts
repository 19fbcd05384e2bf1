// The whole listener through a real PgBouncer. In session mode everything works as without one. A pooler in transaction
// mode is refused.
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { migrate } from '../../dev/migrate.ts'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { type ListenerProcess, runListener, startListenerProcess } from '../support/listener-process.ts'
import { addEndpoint, deliveryStates, emit, emitAtOnce } from '../support/outbox.ts'
import { hasPgBouncer, startPgBouncer } from '../support/pgbouncer.ts'
import { startReceiver } from '../support/receiver.ts'
import { connectTo, startServer } from '../support/server.ts'
import { setUp } from '../support/topology.ts'
import { startWorker } from '../support/worker.ts'

/** No poll comes in time: what is delivered was announced by a notification. */
const pollNever = { OUTBOX_POLL_SECONDS: '3600' }

describe.skipIf(!hasPgBouncer)('through PgBouncer', () => {
  test('in session mode a listener is notified of an event and delivers it (needs PgBouncer)', async () => {
    const { db, client, receiver } = await setUp()
    const { url } = await startPgBouncer(db.url, 'session')
    const listener = await startListenerProcess(url, pollNever)
    await emit(client)
    await receiver.waitFor(1)
    expect(await readiness(listener)).toBe('ready\n')
    await stop(listener)
    expect(listener.said()).not.toContain('did not arrive')
  })

  test('in session mode the whole system works from the migration to the webhook (needs PgBouncer)', async () => {
    const db = await freshDatabase({ empty: true })
    const { url } = await startPgBouncer(db.url, 'session')
    await migrate(url, { example: true })
    const functions = await startWorker({ ...db.env, DATABASE_URL: url })
    const listener = await startListenerProcess(url, pollNever)
    const receiver = await startReceiver()
    const post = async (path: string, body: object, status: number) => {
      const answer = await functions.fetch(path, {
        method: 'POST',
        headers: { authorization: 'Bearer dev', 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      expect(answer.status).toBe(status)
    }
    await post('/v1/endpoints', { url: receiver.url }, 201)
    await post('/v1/events', { type: 'test.happened', data: { n: 1 } }, 202)
    const [webhook] = await receiver.waitFor(1)
    expect(JSON.parse(String(webhook!.body))).toMatchObject({ type: 'test.happened', data: { n: 1 } })
    await stop(listener)
    expect(listener.said()).not.toContain('did not arrive')
  })

  test('in session mode two listeners share bursts, and are notified again after each (needs PgBouncer)', async () => {
    const { db, client, receiver } = await setUp()
    const { url } = await startPgBouncer(db.url, 'session')
    const listeners = [await startListenerProcess(url, pollNever), await startListenerProcess(url, pollNever)]
    for (let burst = 1; burst <= 3; burst++) {
      for (let n = 0; n < 10; n++) await emitAtOnce(client, 50)
      await receiver.waitFor(501 * burst - 1)
      // Nobody polls any more: the lock that keeps writers from notifying is free.
      await eventually(async () => (await pollingLocks(client)) === 0)
      await emit(client)
      await receiver.waitFor(501 * burst)
    }
    await eventually(async () => (await deliveryStates(client)).delivered === 1503)
    expect(receiver.requests).toHaveLength(1503)
    for (const listener of listeners) await stop(listener)
  })

  test('in session mode a listener whose PgBouncer restarts listens again (needs PgBouncer)', async () => {
    const { db, client, receiver } = await setUp()
    const pooler = await startPgBouncer(db.url, 'session')
    const listener = await startListenerProcess(pooler.url, pollNever)
    await pooler.restart()
    await eventually(() => listener.said().split('"msg":"listening"').length === 3)
    await emit(client)
    await receiver.waitFor(1)
    await stop(listener)
  })

  test('in session mode a listener whose server restarts behind PgBouncer listens again (needs PgBouncer)', async () => {
    const server = await startServer()
    const { url } = await startPgBouncer(server.databaseUrl, 'session', { server_login_retry: '1' })
    const listener = await startListenerProcess(url, pollNever)
    await server.crash()
    const again = await startServer({ dir: server.dir, isCopy: true, port: server.port })
    await eventually(() => listener.said().split('"msg":"listening"').length >= 3, { timeoutMs: 40_000 })
    const client = await connectTo(again.databaseUrl)
    const receiver = await startReceiver()
    await addEndpoint(client, { url: receiver.url })
    await emit(client)
    await receiver.waitFor(1)
    await stop(listener)
  })

  test('in session mode a listener leaves its settings to no other client of the pool (needs PgBouncer)', async () => {
    const db = await freshDatabase()
    const { url } = await startPgBouncer(db.url, 'session')
    const listener = await startListenerProcess(url, pollNever)
    await stop(listener)
    const next = await connectTo(url)
    const names = ['enable_seqscan', 'plan_cache_mode', 'statement_timeout', 'lock_timeout', 'jit']
    const { rows } = await next.query(
      'select name from pg_settings where name = any ($1) and setting <> reset_val',
      [names],
    )
    expect(rows).toEqual([])
    await next.end()
  })

  test.each([
    ['transaction', {}],
    ['transaction', { server_round_robin: '1', min_pool_size: '5' }],
    ['statement', {}],
  ] as const)(
    'in %s mode (%o) a listener does not start, and says where to connect to (needs PgBouncer)',
    async (mode, settings) => {
      const db = await freshDatabase()
      const { url } = await startPgBouncer(db.url, mode, settings)
      await warm(url)
      const { code, errors, output } = await runListener({
        DATABASE_URL_UNPOOLED: url,
        OUTBOX_HEALTH_PORT: '0',
      })
      expect(code).toBe(1)
      expect(errors).toMatch(
        /^DATABASE_URL_UNPOOLED leads through a pooler in transaction mode.* Not starting\.\n$/,
      )
      expect(output).not.toContain('    at ')
    },
  )
})

/** Several backends stand ready, so that a pooler may choose. */
async function warm(url: string): Promise<void> {
  const clients = Array.from({ length: 5 }, () => new pg.Client(url))
  await Promise.all(clients.map(client => client.connect()))
  await Promise.all(clients.map(client => client.query('select pg_sleep(0.2)')))
  await Promise.all(clients.map(client => client.end()))
}

async function pollingLocks(client: pg.Client): Promise<number> {
  const { rows } = await client.query(
    `select from pg_locks join pg_database d on d.oid = database and d.datname = current_database()
     where locktype = 'advisory' and classid = 1869967992 and objid = 2 and mode = 'ExclusiveLock'`,
  )
  return rows.length
}

async function readiness(listener: ListenerProcess): Promise<string> {
  return (await listener.ask('/readyz')).text()
}

async function stop(listener: ListenerProcess): Promise<void> {
  listener.signal('SIGTERM')
  expect(await listener.exited).toBe(0)
}
