// The drivers, and the runtimes they run on: the same answers to every route, whatever carries the statements.
import { beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../dev/ports.ts'
import { closeSharedPools } from '../../functions/database/postgres.ts'
import { DatabaseError, openDatabase } from '../../functions/db.ts'
import outbox from '../../functions/index.ts'
import { startBlackHole } from '../support/black-hole.ts'
import { atEnd } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { hasPgBouncer, startPgBouncer } from '../support/pgbouncer.ts'
import { testSettings } from '../support/settings.ts'
import { startWorker, type TestWorker } from '../support/worker.ts'
import { type Api, startApi } from './api.ts'
import { resetDatabase, type Visit, visitEveryRoute } from './every-route.ts'

const direct = { NEON_PROXY: '' }

const drivers: {
  name: string
  driver: string
  start: () => Promise<Api>
  skip?: boolean
}[] = [
  { name: 'Postgres, from workerd', driver: 'postgres', start: () => startApi(direct) },
  { name: 'Hyperdrive, from workerd', driver: 'hyperdrive', start: startThroughHyperdrive },
  { name: 'Postgres, from Node', driver: 'postgres', start: () => startApi(direct, startInNode) },
  {
    name: 'Postgres behind PgBouncer in transaction mode, from Node',
    driver: 'postgres',
    start: startBehindPgBouncer,
    skip: !hasPgBouncer, // it is not installed everywhere
  },
]

function startThroughHyperdrive(): Promise<Api> {
  return startApi({ ...direct, DATABASE_URL: '' }, (env, { url }) =>
    startWorker(env, 'functions/index.js', { hyperdrives: { HYPERDRIVE: withPassword(url) } }),
  )
}

/** Hyperdrive asks for one; the server of the tests does not. */
function withPassword(url: string): string {
  const changed = new URL(url)
  changed.password = 'any'
  return changed.href
}

function startBehindPgBouncer(): Promise<Api> {
  return startApi(direct, async (env, { url }) => {
    const bouncer = await startPgBouncer(url, 'transaction')
    return startInNode({ ...env, DATABASE_URL: bouncer.url })
  })
}

async function startInNode(given: Record<string, string>): Promise<TestWorker> {
  const env = { ...testSettings, ...given }
  atEnd(closeSharedPools)
  return {
    url: 'http://node.example',
    fetch: async (path, init) => outbox.fetch(new Request(`http://node.example${path}`, init as never), env),
    async scheduled() {
      await outbox.scheduled(null, env)
      return 'ok'
    },
    logs: () => [],
    close: async () => {},
  }
}

let usual: Visit
beforeAll(async () => {
  const neon = await startApi()
  await resetDatabase(neon.db)
  usual = withoutDriver(await visitEveryRoute(neon), 'neon')
})

/** Only /healthz tells them apart. */
function withoutDriver(visit: Visit, driver: string): Visit {
  expect(visit.get('GET /healthz')).toEqual({ status: 200, body: { status: 'ok', driver } })
  return new Map([...visit].filter(([route]) => route !== 'GET /healthz'))
}

for (const { name, driver, start, skip = false } of drivers) {
  describe.skipIf(skip)(name, () => {
    let api: Api
    beforeAll(async () => {
      api = await start()
    })

    test('every route answers as over Neon’s driver, repeats too', async () => {
      await resetDatabase(api.db)
      expect(withoutDriver(await visitEveryRoute(api), driver)).toEqual(usual)
    })

    test('so it does when the database sets for its sessions what the statements do not expect', async () => {
      await resetDatabase(api.db)
      await during(
        api,
        [
          `"DateStyle" = 'German, DMY'`,
          `"TimeZone" = 'Asia/Kathmandu'`,
          `bytea_output = 'escape'`,
          `search_path = 'nowhere'`,
          'standard_conforming_strings = off',
          'extra_float_digits = -15',
          'default_transaction_isolation = serializable',
          'session_replication_role = replica',
          'statement_timeout = 300',
          'lock_timeout = 1',
        ],
        async () => expect(withoutDriver(await visitEveryRoute(api), driver)).toEqual(usual),
      )
    })

    test('a database that is read-only is named, and a refused statement leaves the connection usable', async () => {
      await during(api, ['default_transaction_read_only = on'], async () => {
        const refused = await api.post('/v1/events', { type: 'a.b', data: 1 })
        expect(refused).toMatchObject({
          status: 503,
          body: { detail: expect.stringContaining('default_transaction_read_only') },
        })
        expect((await api.get('/v1/events')).status).toBe(200)
      })
      expect((await api.post('/v1/events', { type: 'a.b', data: 1 })).status).toBe(202)
    })

    test('requests at the same time do not meet each other’s sessions', async () => {
      const types = Array.from({ length: 30 }, (_, i) => `many.n${i}`)
      const made = await Promise.all(types.map(type => api.post('/v1/events', { type, data: 1 })))
      expect(made.map(({ body }) => body.type)).toEqual(types)
    })

    test('after its sessions were ended, the next request is answered', async () => {
      expect((await api.get('/v1/events')).status).toBe(200)
      await endSessions(api)
      expect(await eventually(async () => (await api.get('/v1/events')).status === 200)).toBe(true)
    })
  })
}

async function during(api: Api, settings: readonly string[], use: () => Promise<void>): Promise<void> {
  const name = new URL(api.database.url).pathname.slice(1)
  for (const setting of settings) await api.db.query(`alter database ${name} set ${setting}`)
  await endSessions(api)
  try {
    await use()
  } finally {
    await api.db.query(`alter database ${name} reset all`)
    await endSessions(api)
  }
}

/** The connections read the database's settings when they are opened. */
async function endSessions({ db }: Api): Promise<void> {
  await eventually(async () => {
    const { rowCount } = await db.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`,
    )
    return rowCount === 0
  })
}

test('a Worker closes its connection after each request', async () => {
  const api = await startApi(direct)
  for (let i = 0; i < 5; i++) expect((await api.get('/v1/events')).status).toBe(200)
  expect((await api.get('/v1/events', { key: 'wrong' })).status).toBe(401)
  expect(await api.worker.scheduled()).toBe('ok')
  await eventually(async () => {
    const { rows } = await api.db.query(
      `select count(*)::int from pg_stat_activity where application_name = 'outbox-functions' and datname = current_database()`,
    )
    return rows[0].count === 0
  })
})

test('the log and /healthz say which driver it is', async () => {
  const api = await startApi(direct)
  expect((await api.get('/healthz')).body).toEqual({ status: 'ok', driver: 'postgres' })
  expect(api.worker.logs().join()).toContain('{"message":"settings read","driver":"postgres"}')
})

test('an unreachable Postgres is answered 503 at once, and the log has the reason', async () => {
  const url = `postgresql://me:CANARY@127.0.0.1:${await freePort()}/shop`
  const worker = await startWorker({ DATABASE_URL: url })
  const answer = await worker.fetch('/v1/events', { headers: { authorization: 'Bearer dev' } })
  expect(answer.status).toBe(503)
  expect(answer.headers.get('retry-after')).toBe('5')
  expect(((await answer.json()) as { detail: string }).detail).toBe(
    'The database can not be reached just now.',
  )
  expect(worker.logs().join()).toMatch(/"statement":"list_events","sqlstate":null,"reason":"\w+"/)
  expect(worker.logs().join()).not.toContain('CANARY')
})

describe('over a socket from Node', () => {
  const open = (databaseUrl: string, deadlineSeconds?: number) => {
    atEnd(closeSharedPools)
    return openDatabase({ databaseUrl, neonProxy: null }, deadlineSeconds ? { deadlineSeconds } : {})
  }
  const failure = (statement: Promise<unknown>) =>
    statement.then(
      () => null,
      (error: unknown) => error,
    )

  test('a statement that gets no answer fails at the deadline', async () => {
    const { run } = open(`postgresql://me@127.0.0.1:${await startBlackHole()}/shop`, 0.2)
    const error = await failure(run({ name: 'wait', text: 'select 1' }, []))
    expect(error).toMatchObject({
      name: 'DatabaseError',
      sqlstate: null,
      reason: 'deadline',
      isUnavailable: true,
    })
  })

  test('the error of a refused statement holds its name and SQLSTATE, but no bound value', async () => {
    const { database } = await startApi()
    const { run } = open(database.url)
    const error = await failure(run({ name: 'divide', text: 'select 1 / (length($1) - 6)' }, ['CANARY']))
    expect(error).toBeInstanceOf(DatabaseError)
    expect(error).toMatchObject({ statement: 'divide', sqlstate: '22012', isUnavailable: false })
    expect(`${error} ${JSON.stringify(error)} ${(error as Error).stack}`).not.toContain('CANARY')
    expect(await run({ name: 'next', text: 'select 1' }, [])).toEqual([[1]])
  })
})
