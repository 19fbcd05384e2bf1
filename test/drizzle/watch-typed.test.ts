// The typed watch() and unwatch() hand each option to the SQL function of the same name, whichever library runs the statement.
import { drizzle } from 'drizzle-orm/node-postgres'
import type pg from 'pg'
import { beforeEach, expect, test } from 'vitest'
import type { Handle } from '../../drizzle/run-statement.ts'
import { unwatch, type WatchOptions, watch } from '../../drizzle/watch.ts'
import { freshDatabase } from '../support/database.ts'

let client: pg.Client
beforeEach(async () => {
  client = await (await freshDatabase()).connect()
  await client.query('create schema app; create table app."Invoices" (id int primary key, a text, b text)')
})

const table = 'app."Invoices"'
const handles: [string, () => Handle][] = [
  ['pg', () => client],
  ['Drizzle', () => drizzle(client)],
]

async function watched(): Promise<object[]> {
  const { rows } = await client.query(
    'select options from outbox.watches where relation = $1::text::regclass',
    [table],
  )
  return rows.map(({ options }) => options)
}

const cases: [WatchOptions, string][] = [
  [{}, ''],
  [
    { operations: ['insert', 'delete'], types: { delete: 'a.gone' } },
    `operations => '{insert,delete}', types => '{"delete": "a.gone"}'`,
  ],
  [
    { type: 'invoice.{operation}', columns: ['id', 'b'] },
    `type => 'invoice.{operation}', columns => '{id,b}'`,
  ],
  [
    { typeSql: `'x.' || NEW.a`, possibleTypes: ['x.y', 'x.z'] },
    `type_sql => '''x.'' || NEW.a', possible_types => '{x.y,x.z}'`,
  ],
  [{ exceptColumns: ['a'], whenChanged: ['b'] }, `except_columns => '{a}', when_changed => '{b}'`],
  [
    { condition: `NEW.a <> 'it''s'`, key: 'NEW.id::text', tenant: 'NEW.b' },
    `condition => $$NEW.a <> 'it''s'$$, key => 'NEW.id::text', tenant => 'NEW.b'`,
  ],
  [{ fields: { id: 'NEW.id' }, onlyOwnRows: true }, `fields => '{"id": "NEW.id"}', only_own_rows => true`],
  [{ data: 'to_json(NEW.a)' }, `data => 'to_json(NEW.a)'`],
]

test.each(handles)('with %s they do what the SQL functions do', async (_, handle) => {
  for (const [options, sql] of cases) {
    await client.query(`select outbox.watch('${table}'${sql && `, ${sql}`})`)
    const bySql = await watched()
    await client.query(`select outbox.unwatch('${table}')`)
    await watch(handle(), table, options)
    expect(await watched(), sql).toEqual(bySql)
    expect(bySql).toHaveLength(1)
    await unwatch(handle(), table)
    expect(await watched()).toEqual([])
  }
})

test('every option is tried above', () => {
  const tried = new Set(cases.flatMap(([options]) => Object.keys(options)))
  const all: Record<keyof WatchOptions, true> = {
    operations: true,
    type: true,
    types: true,
    typeSql: true,
    possibleTypes: true,
    columns: true,
    exceptColumns: true,
    whenChanged: true,
    condition: true,
    key: true,
    tenant: true,
    fields: true,
    data: true,
    onlyOwnRows: true,
  }
  expect([...tried].sort()).toEqual(Object.keys(all).sort())
})
