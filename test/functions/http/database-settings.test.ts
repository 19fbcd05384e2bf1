// `ALTER DATABASE … SET` and `ALTER ROLE … SET`: every route answers as without the setting, or with a 503 that names it.
import { beforeAll, describe, expect, test } from 'vitest'
import { openDatabase } from '../../../functions/db.ts'
import { routesOf } from '../../security/routes.ts'
import { eventually } from '../../support/eventually.ts'
import { loginAs } from '../../support/login.ts'
import { startWorker } from '../../support/worker.ts'
import { type Api, startApi } from '../api.ts'
import { resetDatabase, type Visit, visitEveryRoute } from '../every-route.ts'

let api: Api
let name: string
let usual: Visit
beforeAll(async () => {
  api = await startApi({ OUTBOX_ORDERS_PUBLIC: 'false' })
  name = (await api.db.query('select current_database() as name')).rows[0].name
  await resetDatabase(api.db)
  usual = await visitEveryRoute(api)
})

async function visitWith(...settings: string[]): Promise<Visit> {
  await resetDatabase(api.db)
  return during(settings, () => visitEveryRoute(api))
}

/** Each setting is what stands behind SET in `ALTER DATABASE … SET`. */
async function during<T>(settings: readonly string[], use: () => Promise<T>): Promise<T> {
  for (const setting of settings) await api.db.query(`alter database ${name} set ${setting}`)
  await endSessions()
  try {
    return await use()
  } finally {
    await api.db.query(`alter database ${name} reset all`)
    await endSessions()
  }
}

/** The functions' connections read the settings when they are opened. */
async function endSessions() {
  await eventually(async () => {
    const { rowCount } = await api.db.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name = 'neon-proxy'`,
    )
    return rowCount === 0
  })
}

test('the visit leads to every route, and each answers what it should', async () => {
  const routes = (await routesOf(api)).map(({ method, path }) => `${method} ${path}`)
  expect(routes.filter(route => !usual.has(route))).toEqual([])
  for (const [route, { status, body }] of usual) {
    expect(status, `${route}: ${JSON.stringify(body)}`).toBe(
      route.includes('/receivers/flaky')
        ? 503
        : route.includes('/receivers/')
          ? 401
          : status < 300
            ? status
            : 200,
    )
  }
})

test('two visits give the same answers', async () => {
  expect(await visitWith()).toEqual(usual)
})

describe('answers as without the setting', () => {
  const cases = [
    [`"DateStyle" = 'German, DMY'`, `"IntervalStyle" = 'sql_standard'`, `"TimeZone" = 'Asia/Kathmandu'`],
    [`"DateStyle" = 'SQL, MDY'`, `timezone_abbreviations = 'India'`, `bytea_output = 'escape'`],
    ['extra_float_digits = -15', 'xmlbinary = hex', `default_text_search_config = 'simple'`],
    [`search_path = ''`],
    [`search_path = 'nowhere'`],
    [`search_path = 'outbox, pg_catalog'`],
    ['standard_conforming_strings = off', 'backslash_quote = off', 'escape_string_warning = off'],
    ['array_nulls = off', 'transform_null_equals = on', `client_encoding = 'SQL_ASCII'`],
    ['quote_all_identifiers = on', 'client_min_messages = debug5'],
    [`lc_monetary = 'C.UTF-8'`, `lc_numeric = 'C.UTF-8'`, `lc_time = 'C.UTF-8'`, `lc_messages = 'C.UTF-8'`],
    ['default_transaction_isolation = serializable', 'default_transaction_deferrable = on'],
    ['lock_timeout = 1', 'statement_timeout = 300', 'idle_in_transaction_session_timeout = 300'],
    ['session_replication_role = replica', 'idle_session_timeout = 300', `"outbox.actor" = 'somebody'`],
    ['debug_parallel_query = on', 'parallel_setup_cost = 0', 'plan_cache_mode = force_generic_plan'],
    ['jit_above_cost = 0', 'row_security = off', 'enable_indexscan = off', 'synchronous_commit = off'],
    [`"plpgsql.extra_errors" = 'all'`, `"plpgsql.variable_conflict" = 'use_variable'`],
  ].map((settings): [string, string[]] => [settings.join(', '), settings])

  test.each(cases)('%s', async (_, settings) => {
    expect(await visitWith(...settings)).toEqual(usual)
  })
})

describe('answers 503 and names the setting', () => {
  test('default_transaction_read_only: what only reads is answered, what writes is refused', async () => {
    await resetDatabase(api.db)
    await during(['default_transaction_read_only = on'], async () => {
      for (const path of ['/healthz', '/orders', '/v1/stats', '/v1/events', '/v1/health/capture'])
        expect((await api.get(path)).status, path).toBe(200)
      for (const headers of [undefined, { 'idempotency-key': 'a' }])
        expectNamed(
          await api.post('/v1/events', { type: 'a.b', data: 1 }, { headers }),
          'default_transaction_read_only',
        )
      expectNamed(await api.patch('/orders/17', { status: 'shipped' }), 'default_transaction_read_only')
    })
  })

  test('session_replication_role, where the role of the functions may not change it back', async () => {
    const DATABASE_URL = await loginAs('outbox_functions', api.database.url)
    const worker = await startWorker({ ...api.database.env, DATABASE_URL })
    const ask = async (path: string) => {
      const response = await worker.fetch(path, { headers: { authorization: 'Bearer dev' } })
      return { status: response.status, body: await response.json() }
    }
    expect((await ask('/v1/events')).status).toBe(200)
    await during(['session_replication_role = replica'], async () => {
      expectNamed(await ask('/v1/events'), 'session_replication_role')
      expectNamed(await ask('/healthz'), 'session_replication_role')
    })
    expect((await ask('/v1/events')).status).toBe(200)
  })

  function expectNamed(answer: { status: number; body: unknown }, setting: string) {
    expect(answer).toMatchObject({ status: 503, body: { detail: expect.stringContaining(setting) } })
  }
})

test('a statement may take longer than the statement_timeout of the database', async () => {
  const { env } = api.database
  const { run } = openDatabase({ databaseUrl: env.DATABASE_URL, neonProxy: env.NEON_PROXY })
  await during(['statement_timeout = 200'], async () => {
    expect(await run({ name: 'sleep', text: 'select 1 from pg_sleep(0.5)' }, [])).toEqual([[1]])
  })
})
