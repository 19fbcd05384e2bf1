// The typed helper: an event in the caller's own transaction.
import { sql } from 'drizzle-orm'
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import type pg from 'pg'
import { beforeEach, describe, expect, test } from 'vitest'
import { emit, emitStatement } from '../../drizzle/emit.ts'
import type { Handle } from '../../drizzle/run-statement.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { addEndpoint, startTestListener } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'

let database: TestDatabase
let client: pg.Client
let db: NodePgDatabase
beforeEach(async () => {
  database = await freshDatabase()
  client = await database.connect()
  db = drizzle(client)
})
const events = async () =>
  (await db.execute(`select outbox.event_id(id, nonce) as id, type, key, tenant, data from outbox.events`))
    .rows

test('an event is there with everything it was given, under the id that was returned', async () => {
  const data = { text: "it's \u2028", list: [1, null], nested: { a: true } }
  const id = await db.transaction(tx =>
    emit(tx, { type: 'invoice.paid', data, key: 'invoices/1', tenant: 'acme' }),
  )
  expect(await events()).toEqual([{ id, type: 'invoice.paid', key: 'invoices/1', tenant: 'acme', data }])
})

test('without a key, a tenant or data it is an event too', async () => {
  await emit(db, { type: 'a.b', data: undefined })
  expect(await events()).toMatchObject([{ type: 'a.b', key: null, tenant: null, data: null }])
})

test('the statement alone is for libraries that emit() does not know', async () => {
  const { text, values } = emitStatement({ type: 'a.b', data: [1], key: 'k' })
  const { rows } = await client.query(text, [...values])
  expect(await events()).toEqual([{ ...rows[0], type: 'a.b', key: 'k', tenant: null, data: [1] }])
})

test('what is no handle of a known library is refused, and the known ones are named', async () => {
  const handle = { run: () => {} } as unknown as Handle
  await expect(emit(handle, { type: 'a.b', data: 1 })).rejects.toThrow(
    /^Expected .* Knex, Kysely, TypeORM, pg/,
  )
})

test('it goes with the transaction that is rolled back', async () => {
  await expect(
    db.transaction(async tx => {
      await emit(tx, { type: 'a.b', data: {} })
      tx.rollback()
    }),
  ).rejects.toThrow()
  expect(await events()).toEqual([])
})

describe('no content makes the transaction fail:', () => {
  const failed = (sqlstate: string) => ({
    type: 'outbox.capture.failed',
    key: 'k',
    tenant: 't',
    data: { table: null, operation: 'emit', sqlstate, type: 'a.b' },
  })

  test.each([
    ['a NUL', { 'a\0b': ['\0'] }],
    ['half a surrogate pair', { s: '\ud83d', '\udc00': 1 }],
    ['2,000 levels', nested(2_000)],
  ])('data with %s arrives as it is', async (_, data) => {
    await db.transaction(tx => emit(tx, { type: 'a.b', data }))
    expect(await events()).toMatchObject([{ type: 'a.b', data }])
  })

  test('data that is too deep for Postgres becomes a visible failure, with its key and tenant', async () => {
    let text = '['.repeat(200_000) + ']'.repeat(200_000)
    await db.transaction(async tx => {
      await tx.execute(sql`select outbox.emit_text('a.b', ${text}, 'k', 't')`)
      text = '{"no json"'
      await tx.execute(sql`select outbox.emit_text('a.b', ${text}, 'k', 't')`)
    })
    expect(await events()).toMatchObject([failed('54001'), failed('22P02')])
  })

  test('a NUL in the key, the tenant or the type is replaced', async () => {
    await emit(db, { type: 'a\0.b', data: 1, key: 'k\0', tenant: '\0\ud83d' })
    expect(await events()).toMatchObject([{ type: 'a_.b', key: 'k\ufffd', tenant: '\ufffd\ufffd' }])
  })

  test.each([
    ['a literal', `'{"s": "\\u0000\\ud800", "n": 1e400000}'`],
    ['json', `'{"s": "\\u0000\\ud800", "n": 1e400000}'::json`],
    ['a literal after a type of type varchar', `'{"s": "\\u0000\\ud800", "n": 1e400000}'`, `'a.b'::varchar`],
  ])('%s in SQL', async (_, data, type = `'a.b'`) => {
    await db.execute(`select outbox.emit(${type}, ${data}, 'k')`)
    expect((await db.execute('select data::text from outbox.events')).rows).toEqual([
      { data: '{"s": "\\u0000\\ud800", "n": 1e400000}' },
    ])
  })

  test('a parameter without a type, which is json, not text or jsonb', async () => {
    const data = { s: '\0\ud800' }
    await client.query(`select outbox.emit($1, $2, $3)`, ['a.b', data, 'k'])
    expect(await events()).toMatchObject([{ type: 'a.b', key: 'k', data }])
    await client.query(`prepare emit as select outbox.emit($1, $2, $3, tenant => $4)`)
    const { rows } = await client.query('select parameter_types::text from pg_prepared_statements')
    expect(rows).toEqual([{ parameter_types: '{text,json,text,text}' }])
  })

  test.each(['{"b": 1}', '[]', 'null', '"x"'])('jsonb, such as %s, with any text as its type', async data => {
    for (const type of [`'a.b'`, `'a.b'::text`, `'a.b'::varchar`, `'a.b'::name`, `concat('a', '.b')`]) {
      await db.execute(`select outbox.emit(${type}, '${data}'::jsonb, key => 'k')`)
    }
    expect(await events()).toEqual(
      Array(5).fill(expect.objectContaining({ type: 'a.b', key: 'k', data: JSON.parse(data) })),
    )
  })

  test('jsonb that cannot be printed', async () => {
    await client.query(
      `create temp table deep as select (repeat('[', 2000) || repeat(']', 2000))::jsonb as data`,
    )
    await client.query(`set max_stack_depth = '100kB'`)
    await client.query(`select outbox.emit('a.b', data, 'k', 't') from deep`)
    expect(await events()).toMatchObject([failed('54001')])
  })
})

test('data with odd content reaches the API and the receiver as it is', async () => {
  const receiver = await startReceiver()
  await addEndpoint(client, { url: `${receiver.url}/hook` })
  const listener = await startTestListener(database.url)
  await client.query(`select outbox.emit('a.b', '{"s": "\\u0000\\ud800", "s": 1e400000}', 'k')`)
  const [request] = await receiver.waitFor(1)
  expect(request!.body.toString()).toContain('"data":{"s": "\\u0000\\ud800", "s": 1e400000}')
  expect(await listener.stop()).toBe(true)
})

function nested(levels: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = [value]
  return value
}
