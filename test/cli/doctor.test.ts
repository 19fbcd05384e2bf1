// `outbox doctor` on installations that are broken, each in one way: it names what is wrong and what to do.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { startApi } from '../functions/api.ts'
import { atEnd } from '../support/cleanup.ts'
import { freshDatabase } from '../support/database.ts'
import { addEndpoint, emit } from '../support/outbox.ts'
import { hasPgBouncer, startPgBouncer } from '../support/pgbouncer.ts'
import { startServer, temporaryDirectory } from '../support/server.ts'
import { testSettings } from '../support/settings.ts'
import { outboxWhileWeServe } from './command.ts'

interface Finding {
  result: 'ok' | 'warn' | 'fail'
  message: string
}

async function doctor(args: string[], env: Record<string, string> = {}) {
  const { exitCode, stdout } = await outboxWhileWeServe(['doctor', '--json', ...args], {
    env: { ...testSettings, ...env },
    cwd: temporaryDirectory(),
  })
  const { checks } = JSON.parse(stdout) as { checks: (Finding & { check: string })[] }
  return {
    exitCode,
    checks: Object.fromEntries(checks.map(found => [found.check, found])) as Record<string, Finding>,
  }
}

const found = (result: Finding['result'], words: string) => ({
  result,
  message: expect.stringContaining(words),
})

test('it makes at least 15 checks of an API, without the database, and is content with one that works', async () => {
  const api = await startApi()
  const { exitCode, checks } = await doctor(['--api', api.worker.url, '--api-key', 'dev'])
  expect(Object.keys(checks).length).toBeGreaterThanOrEqual(15)
  expect(Object.values(checks).filter(({ result }) => result === 'fail')).toEqual([])
  expect(exitCode).toBe(0)
  for (const { message } of Object.values(checks)) expect(message).not.toBe('')

  // The same API, and what is wrong now.
  const old = `insert into outbox.listeners (name, version, since, seen_at, awake, in_flight)`
  await api.db.query(
    `${old} values ('listener-dead-1', '0.0.1', now(), now() - interval '5 minutes', false, 0)`,
  )
  const { id } = await addEndpoint(api.db, { url: 'http://10.0.0.1/hook' })
  await api.db.query(
    `insert into outbox.delivery_rows (endpoint_id, event_id, state, reason, finished_at, attempt)
     select $1, id, 'dead', 'blocked_address', now(), 1 from (select 1 as id) e`,
    [id],
  )
  await emit(api.db)
  const read = await api.post('/v1/keys', { name: 'reader' })
  const [broken, narrow, wrong] = await Promise.all([
    doctor(['--api', api.worker.url, '--api-key', 'dev']),
    doctor(['--api', api.worker.url, '--api-key', read.body.key]),
    doctor(['--api', api.worker.url, '--api-key', 'wrong']),
  ])
  expect(broken.exitCode).toBe(7)
  expect(broken.checks['active listeners']).toMatchObject(found('fail', 'listener-dead-1'))
  expect(broken.checks['last cron run']).toMatchObject(found('warn', 'never ran'))
  expect(broken.checks['running versions']).toMatchObject(found('warn', '0.0.1'))
  expect(narrow.checks['api scope']).toMatchObject(found('warn', 'admin key'))
  expect(wrong.checks['api key']).toMatchObject(found('fail', 'OUTBOX_API_KEY'))
  expect(wrong.exitCode).toBe(7)
})

test('a clock that is off is named, by the time that the API gives', async () => {
  const server = createServer((_request, response) => {
    response.setHeader('date', new Date(Date.now() - 3_600_000).toUTCString())
    response.setHeader('content-type', 'application/json')
    response.end(
      '{"data":[],"checks":[],"keys":[],"healthy":true,"deliveries":{},"oldest_pending_seconds":null,"last_cron_run":null}',
    )
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  atEnd(() => server.close())
  const { port } = server.address() as AddressInfo
  const { checks } = await doctor(['--api', `http://127.0.0.1:${port}`])
  expect(checks.clocks).toMatchObject(found('warn', 'ahead of the API’s'))
})

describe('with the database', () => {
  const broken: [fault: string, check: string, result: Finding['result'], words: string, sql: string][] = [
    [
      'rights that were taken away',
      'rights',
      'fail',
      'grant_roles()',
      'revoke update on outbox.delivery_rows from outbox_listener',
    ],
    [
      'a trigger that is disabled',
      'broken triggers',
      'fail',
      'orders',
      'alter table orders disable trigger "00_outbox_update"',
    ],
    [
      'a secret under another master key',
      'master keys',
      'fail',
      'OUTBOX_MASTER_KEYS lacks',
      `with p as (insert into outbox.endpoints (url) values ('https://example.com') returning id)
       insert into outbox.endpoint_secrets (endpoint_id, signing, sealed) select id, 'hmac', '\\x01026b39' from p`,
    ],
    [
      'a dead listener',
      'heartbeats',
      'fail',
      'listener-dead-1',
      `insert into outbox.listeners (name, version, seen_at, awake, in_flight)
       values ('listener-dead-1', '0.1.0', now() - interval '5 minutes', false, 0)`,
    ],
    ['a cron function that never ran', 'cron', 'warn', 'never ran', 'select 1'],
    [
      'a cron function that fails',
      'cron',
      'fail',
      'claim failed: 57014',
      `insert into outbox.last_cron_run (version, started_at, finished_at, delivered, failed, stopped)
       values ('0.1.0', now() - interval '2 minutes', now() - interval '2 minutes', 0, 0, 'nothing due');
       insert into outbox.failed_cron_run (version, started_at, failed_at, failure) values ('0.1.0', now(), now(), 'claim failed: 57014')`,
    ],
    [
      'another version of the schema',
      'schema',
      'fail',
      'outbox migrate',
      'drop function outbox.schema_version()',
    ],
    [
      'a listener of another version',
      'versions',
      'warn',
      '0.0.1',
      `insert into outbox.listeners (name, version, awake, in_flight) values ('listener-old-1', '0.0.1', false, 0)`,
    ],
    [
      'addresses that are blocked',
      'egress',
      'fail',
      'OUTBOX_ALLOW_PRIVATE_NETWORKS',
      `insert into outbox.delivery_rows (endpoint_id, event_id, state, attempt, reason, finished_at)
       values (1, 1, 'dead', 1, 'blocked_address', now())`,
    ],
    [
      'a network that lets nothing out',
      'egress',
      'warn',
      'firewall',
      `insert into outbox.delivery_rows (endpoint_id, event_id, state, attempt, reason)
       select n, 1, 'pending', 1, 'connection' from generate_series(1, 5) n`,
    ],
    [
      'a transaction that has been open for twelve minutes', // told to be so old: nobody waits for it
      'oldest transaction seconds',
      'fail',
      'pg_stat_activity',
      `create or replace function outbox.oldest_transaction_seconds() returns double precision
       language sql stable security definer set search_path = pg_catalog, pg_temp as 'select 720::float8'`,
    ],
    [
      'a key that has expired',
      'api keys in use',
      'warn',
      'ci',
      `insert into outbox.api_keys (name, scope, hash, expires_at)
       values ('ci', 'read', decode(repeat('00', 32), 'hex'), now() - interval '1 day')`,
    ],
  ]

  test.each(broken)('%s: %s', async (_, check, result, words, sql) => {
    const db = await freshDatabase()
    await (await db.connect()).query(sql)
    const { exitCode, checks } = await doctor([], { DATABASE_URL_UNPOOLED: db.url })
    expect(checks[check]).toMatchObject(found(result, words))
    expect(exitCode).toBe(result === 'fail' ? 7 : 0)
  })

  test.each([
    [
      'revoke insert on outbox.attempt_tallies from outbox_listener',
      'outbox_listener INSERT on outbox.attempt_tallies',
    ],
    ['revoke all on outbox.events from outbox_functions', 'outbox_functions SELECT on outbox.events'],
    [
      'revoke update (last_used_at) on outbox.api_keys from outbox_functions',
      'outbox_functions UPDATE (last_used_at) on outbox.api_keys',
    ],
    [
      'revoke usage on sequence outbox.endpoints_id_seq from outbox_functions',
      'outbox_functions USAGE on outbox.endpoints_id_seq',
    ],
    [
      'revoke execute on function outbox.fold_attempts from outbox_listener',
      'outbox_listener EXECUTE on outbox.fold_attempts',
    ],
    [
      'revoke usage on schema outbox from outbox_listener, outbox_emitter, public',
      'outbox_listener USAGE on the schema outbox',
    ],
  ])('whatever right was taken away is named, until it is given back: %s', async (sql, words) => {
    const db = await freshDatabase()
    const owner = await db.connect()
    expect((await doctor([], { DATABASE_URL_UNPOOLED: db.url })).checks.rights).toMatchObject({
      result: 'ok',
    })
    await owner.query(sql)
    const { exitCode, checks } = await doctor([], { DATABASE_URL_UNPOOLED: db.url })
    expect(checks.rights).toMatchObject(found('fail', words))
    expect(exitCode).toBe(7)
    await owner.query('select outbox.grant_roles()')
    expect((await doctor([], { DATABASE_URL_UNPOOLED: db.url })).checks.rights).toMatchObject({
      result: 'ok',
    })
  })

  test('all faults are named when there are several at once', async () => {
    const db = await freshDatabase()
    const owner = await db.connect()
    // Of two that say something of the same check, one is enough.
    const together = broken.filter(([fault]) => !/never ran|lets nothing out/.test(fault))
    for (const [, , , , sql] of together) await owner.query(sql)
    const { exitCode, checks } = await doctor([], { DATABASE_URL_UNPOOLED: db.url })
    expect(exitCode).toBe(7)
    for (const [fault, check, result, words] of together)
      expect(checks[check], fault).toMatchObject(found(result, words))
  })

  test.skipIf(!hasPgBouncer)(
    'a connection string that leads through a pooler in transaction mode',
    async () => {
      const db = await freshDatabase()
      const { url } = await startPgBouncer(db.url, 'transaction', { default_pool_size: '2' })
      const { exitCode, checks } = await doctor([], { DATABASE_URL_UNPOOLED: url })
      expect(checks.pooler).toMatchObject(found('fail', 'direct connection string'))
      expect(exitCode).toBe(7)
      const direct = await doctor([], { DATABASE_URL_UNPOOLED: db.url })
      expect(direct.checks.pooler).toMatchObject({ result: 'ok' })
    },
  )

  test('a clock that is off by an hour', async () => {
    const db = await freshDatabase()
    const shift = 'const now = Date.now; Date.now = () => now() + 3600000'
    const { checks } = await doctor([], {
      DATABASE_URL_UNPOOLED: db.url,
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(shift)}`,
    })
    expect(checks.clock).toMatchObject(found('warn', '3600 s ahead'))
  })

  test('an old transaction, and a queue of notifications that fills up', async () => {
    const server = await startServer({ settings: { max_notify_queue_pages: '64' } })
    const sleeper = new pg.Client(server.databaseUrl)
    await sleeper.connect()
    atEnd(() => sleeper.end())
    // It listens and sits in a transaction, so nothing it was notified of may go.
    await sleeper.query('listen full_queue')
    await sleeper.query('begin; select pg_current_xact_id()')
    const writer = new pg.Client(server.databaseUrl)
    await writer.connect()
    atEnd(() => writer.end())
    await writer.query(
      `select count(pg_notify('full_queue', repeat('x', 7000) || n)) from generate_series(1, 20) n`,
    )
    const { exitCode, checks } = await doctor([], { DATABASE_URL_UNPOOLED: server.databaseUrl })
    expect(checks['notify queue usage']).toMatchObject(found('fail', 'pg_terminate_backend'))
    expect(exitCode).toBe(7)
  })
})
