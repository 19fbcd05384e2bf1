// The local Neon proxy must answer the real driver as Neon does: exact values, complete errors, atomic batches.
import { neon, neonConfig } from '@neondatabase/serverless'
import { beforeAll, expect, test } from 'vitest'
import { Link } from '../../chaos/link.ts'
import { type NeonProxy, startNeonProxy } from '../../dev/neon-proxy.ts'
import { atEnd } from '../support/cleanup.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'

let proxy: NeonProxy
let database: TestDatabase
let sql: ReturnType<typeof neon<false, false>>

beforeAll(async () => {
  database = await freshDatabase()
  proxy = await startNeonProxy({ port: 0 })
  atEnd(proxy.stop)
  neonConfig.fetchEndpoint = `${proxy.url}/sql`
  sql = neon(database.url)
})

const post = (body: unknown, headers = {}) =>
  fetch(`${proxy.url}/sql`, {
    method: 'POST',
    headers: { 'neon-connection-string': database.url, ...headers },
    body: JSON.stringify(body),
  })

test('the Neon proxy returns exact values', async () => {
  const [row] =
    await sql`select ${'9007199254740993'}::bigint as big, ${'{"a":1.10}'}::json::text as json, null as nothing,
    ${['a"b', 'c,d']}::text[] as list, '2026-01-02T03:04:05.123456Z'::timestamptz at time zone 'utc' as time`
  expect(row).toMatchObject({
    big: '9007199254740993',
    json: '{"a":1.10}',
    nothing: null,
    list: ['a"b', 'c,d'],
  })
})

test("the Neon proxy passes on a Postgres error's code, constraint and position", async () => {
  await expect(sql`insert into order_items values (1, 1)`).rejects.toMatchObject({
    code: '23503',
    constraint: 'order_items_order_id_orders_id_fk',
    table: 'order_items',
  })
  await expect(sql`selec 1`).rejects.toMatchObject({ code: '42601', position: '1' })
})

test('the Neon proxy refuses two statements in one query', async () => {
  await expect(sql.query('select 1; select 2')).rejects.toThrow('multiple commands')
})

test('the Neon proxy runs a batch in one transaction and one round trip', async () => {
  const before = { ...proxy.stats }
  const txid = () => sql`select pg_current_xact_id()::text as id`
  const [one, two] = await sql.transaction([txid(), txid()])
  expect(one).toEqual(two)
  expect(proxy.stats).toEqual({ requests: before.requests + 1, statements: before.statements + 2 })
})

test('the Neon proxy rolls back a failed batch', async () => {
  const insert = sql`insert into clients (id, name, email) values (77, 'x', 'x')`
  await expect(sql.transaction([insert, sql`select 1 / 0`])).rejects.toMatchObject({ code: '22012' })
  expect(await sql`select from clients where id = 77`).toEqual([])
})

test('the Neon proxy applies the isolation level and access mode of a batch', async () => {
  const mode = sql`select current_setting('transaction_isolation') as level, current_setting('transaction_read_only') as ro`
  const [rows] = await sql.transaction([mode], { isolationLevel: 'Serializable', readOnly: true })
  expect(rows).toEqual([{ level: 'serializable', ro: 'on' }])
})

test('a connection of the Neon proxy works for the next query after an error', async () => {
  for (let i = 0; i < 15; i++) await expect(sql`select 1 / 0`).rejects.toThrow()
  expect(await sql`select 1 as one`).toEqual([{ one: 1 }])
})

test('a connection cut in the middle of a query fails only that query', async () => {
  const url = new URL(database.url)
  const link = await Link.open(Number(url.port))
  atEnd(() => link.close())
  url.port = String(link.port)
  const cut = post({ query: 'select pg_sleep(60)' }, { 'neon-connection-string': url.href })
  await eventually(async () => {
    const sleepers = sql`select from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'`
    return (await sleepers).length > 0
  })
  link.reset()
  expect((await cut).status).toBe(503)
  expect(await sql`select 1 as one`).toEqual([{ one: 1 }])
})

test('the Neon proxy answers 400 to an invalid query, and 503 when the server is unreachable', async () => {
  expect((await post({}, { 'neon-connection-string': '' })).status).toBe(400)
  expect((await post({ queries: [] }, { 'neon-batch-isolation-level': 'Strict' })).status).toBe(400)
  const unreachable = { 'neon-connection-string': 'postgresql://postgres@127.0.0.1:1/postgres' }
  expect((await post({ query: 'select 1' }, unreachable)).status).toBe(503)
  expect((await fetch(proxy.url)).status).toBe(404)
})
