// A watched table, its columns, schema and types are renamed: writes commit, events go on under the names that receivers know,
// the catalogue answers, and health says what is to be decided.
import type pg from 'pg'
import { beforeEach, describe, expect, test } from 'vitest'
import { freshDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let db: pg.Client
beforeEach(async () => {
  database = await freshDatabase()
  db = await database.connect()
  await db.query(`
    create type mood as enum ('sad', 'glad'); create schema other;
    create table ren (id int primary key, a text, b text, m mood, code int);
    select outbox.watch('ren')`)
})

const last = async () =>
  (await db.query('select type, key, data from outbox.events order by id desc limit 1')).rows[0]
const drift = async () =>
  (await db.query(`select problem || ' ' || mend as text from outbox.capture_drift()`)).rows.map(
    row => row.text,
  )

const renames: [string, string, string, RegExp | null][] = [
  [
    'the table',
    'alter table ren rename to renamed',
    'renamed',
    /public.renamed is shown to receivers under the name .* public.ren/,
  ],
  [
    'the schema',
    'alter schema public rename to main; create schema public',
    'main.ren',
    /main.ren is shown to receivers/,
  ],
  [
    'its schema for another',
    'alter table ren set schema other',
    'other.ren',
    /other.ren is shown to receivers/,
  ],
  ['a column', 'alter table ren rename a to aa', 'ren', /a is shown as a/],
  ['the column of the key', 'alter table ren rename id to number', 'ren', /number is shown as id/],
  ['a type', 'alter type mood rename to feeling', 'ren', null],
  ['a value of a type', `alter type mood rename value 'glad' to 'happy'`, 'ren', null],
  [
    'everything at once',
    'alter table ren rename to renamed; alter table renamed rename a to "A b"; alter table renamed rename id to "Id"; alter type mood set schema other; alter table renamed set schema other',
    'other.renamed',
    /other.renamed is shown to receivers/,
  ],
]

test.each(renames)('renaming %s', async (_, rename, table, said) => {
  await db.query(`insert into ren values (1, 'x', 'y', 'glad', 1)`)
  await db.query(rename)
  for (const client of [db, await database.connect()]) {
    await client.query(`set search_path = public; update ${table} set b = b || 'z'`)
    const { type, key, data } = await last()
    expect({ type, key }).toEqual({ type: 'ren.updated', key: 'ren/1' })
    expect(data).toMatchObject({ table: 'public.ren', operation: 'update', changed: ['b'] })
    expect(Object.keys(data.new)).toEqual(['id', 'a', 'b', 'm', 'code'])
    expect(data.new).toMatchObject({ id: 1, a: 'x' })
    const { rows: types } = await client.query('select type, relation from outbox.event_types()')
    expect(types.map(row => row.type)).toEqual(expect.arrayContaining(['ren.created', 'order.created']))
  }
  const found = (await drift()).join()
  if (said) expect(found).toMatch(said)
  await db.query('select from outbox.repair()')
  await db.query(`update ${table} set b = 'w'`)
  expect((await last()).data.new).toMatchObject({ id: 1, a: 'x', b: 'w' })
  expect((await last()).key).toBe('ren/1')
  await db.query(`delete from ${table}`)
  expect(await last()).toMatchObject({ type: 'ren.deleted', key: 'ren/1', data: { old: { a: 'x' } } })
})

test('after a rename, watching again takes the new names', async () => {
  await db.query('alter table ren rename to renamed; alter table renamed rename a to aa')
  await db.query(`select outbox.watch('renamed'); insert into renamed (id, aa) values (1, 'x')`)
  expect(await last()).toMatchObject({
    type: 'renamed.created',
    key: 'renamed/1',
    data: { table: 'public.renamed', new: { aa: 'x' } },
  })
  expect(await drift()).toEqual([])
})

test('two tables that swap their names each keep their events', async () => {
  await db.query(`create table two (id int primary key); select outbox.watch('two')`)
  await db.query(
    'alter table ren rename to swap; alter table two rename to ren; alter table swap rename to two',
  )
  await db.query('insert into two (id) values (1)')
  expect(await last()).toMatchObject({ type: 'ren.created', key: 'ren/1', data: { table: 'public.ren' } })
  await db.query('insert into ren values (2)')
  expect(await last()).toMatchObject({ type: 'two.created', key: 'two/2', data: { table: 'public.two' } })
  expect(await drift()).toHaveLength(2)
  await db.query(`select outbox.unwatch('two'); insert into two (id) values (3); insert into ren values (4)`)
  expect((await last()).key).toBe('two/4')
})

describe('an expression that names a renamed column', () => {
  test.each([
    ['fields', `fields => '{"is": "NEW.a", "was": "OLD.a"}'`, { is: 'y', was: 'x' }],
    ['data', `data => 'to_json(NEW.a || ''!'')'`, 'y!'],
    [
      'a quoted name',
      `fields => '{"is": "NEW.\\"a\\"", "text": "''NEW.a''::text"}'`,
      { is: 'y', text: 'NEW.a' },
    ],
  ])('goes on: %s', async (_, option, data) => {
    await db.query(`insert into ren values (1, 'x')`)
    await db.query(`select outbox.watch('ren', ${option}, tenant => 'NEW.a')`)
    await db.query(`alter table ren rename a to aa; update ren set aa = 'y'`)
    expect(await last()).toMatchObject({ type: 'ren.updated', data })
    const { rows } = await db.query(`select tenant from outbox.events order by id desc limit 1`)
    expect(rows).toEqual([{ tenant: 'y' }])
    await db.query(`select from outbox.repair(); update ren set aa = 'z'`)
    expect((await last()).type).toBe('ren.updated')
    expect(await drift()).toHaveLength(1)
  })
})

test('renaming a column of a partitioned table reaches its partitions', async () => {
  await db.query(`
    create table parts (id int, part int, note text, primary key (id, part)) partition by list (part);
    create table parts1 partition of parts for values in (1);
    select outbox.watch('parts'); insert into parts values (1, 1, 'x');
    alter table parts rename note to remark; alter table parts rename to pieces; update parts1 set remark = 'y'`)
  expect(await last()).toMatchObject({ key: 'parts/1/1', data: { new: { note: 'y' }, old: { note: 'x' } } })
})

test('one watch that cannot be described leaves the others in the list', async () => {
  await db.query(`
    create function shout(text) returns text language sql as 'select upper($1)';
    select outbox.watch('ren', fields => '{"a": "public.shout(NEW.a)"}');
    create table dropped (id int primary key); select outbox.watch('dropped'); drop table dropped;
    drop function shout(text)`)
  const { rows } = await db.query('select type from outbox.event_types()')
  expect(rows.map(row => row.type)).toEqual(expect.arrayContaining(['order.created', 'ren.created']))
  await db.query(`insert into ren (id, a) values (5, 'x')`)
  expect((await last()).type).toBe('outbox.capture.failed')
  expect((await db.query('select name from outbox.capture_health()')).rowCount).toBeGreaterThan(5)
})

describe('a column that another one’s name now means', () => {
  test.each([
    [
      'two columns swap their names',
      'alter table ren rename a to swapping; alter table ren rename b to a; alter table ren rename swapping to b',
    ],
    [
      'a renamed column’s name is given to a new one',
      `alter table ren rename a to c; alter table ren add a text default 'new'`,
    ],
    [
      'the key swaps its name',
      'alter table ren rename id to swapping; alter table ren rename code to id; alter table ren rename swapping to code',
    ],
  ])('is not taken for it, in open sessions and old snapshots either: %s', async (_, rename) => {
    const [open, old] = [await database.connect(), await database.connect()]
    await db.query(`insert into ren values (1, 'x', 'y', 'glad', 7)`)
    const shown = { id: 1, a: 'x', b: 'y', code: 7 }
    await open.query(`update ren set m = 'sad'`)
    await old.query(`begin isolation level repeatable read; select 1 from outbox.watches`)
    await db.query(rename)
    await open.query(`update ren set m = 'glad'`)
    expect(await last()).toMatchObject({ key: 'ren/1', data: { new: shown, changed: ['m'] } })
    await old.query('rollback; begin isolation level repeatable read; select 1 from ren; rollback')
    await old.query(`update ren set m = 'sad'`)
    expect(await last()).toMatchObject({ key: 'ren/1', data: { new: shown, changed: ['m'] } })
    await db.query(`select from outbox.repair(); update ren set m = 'glad'`)
    expect(await last()).toMatchObject({ key: 'ren/1', data: { new: shown, changed: ['m'] } })
  })

  test('is not taken for it in a transaction that began before the rename', async () => {
    const old = await database.connect()
    await db.query(`insert into ren values (1, 'x', 'y')`)
    await old.query(`begin isolation level repeatable read; select 1 from outbox.watches`)
    await db.query(
      'alter table ren rename a to swapping; alter table ren rename b to a; alter table ren rename swapping to b',
    )
    await old.query(`insert into ren values (2, 'v', 'w'); commit`)
    expect((await last()).data.new).toMatchObject({ a: 'v', b: 'w' })
  })
})
