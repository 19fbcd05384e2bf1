// Names of tables and columns are data: any number of columns, any name that Postgres allows, keys with INCLUDE, and the same
// table name in two schemas.
import type pg from 'pg'
import { beforeEach, describe, expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'

let db: pg.Client
beforeEach(async () => {
  db = await (await freshDatabase()).connect()
})

const events = async () => (await db.query('select type, key, data from outbox.events order by id')).rows
const columns = (count: number) => Array.from({ length: count }, (_, i) => `c${i}`)
const long = (letter: string) => letter.repeat(63)

describe('the data has every column of a table', () => {
  test.each([
    ['with 50 columns and one named captured', [...columns(50), 'captured']],
    ['with 51 columns, named captured and outbox_data', [...columns(49), 'captured', 'outbox_data']],
    ['with 200 columns', columns(200)],
    ['with 1,500 columns', columns(1_500)],
    [
      'whose columns are named like internals',
      [
        'captured',
        'old',
        'new',
        'tg_op',
        'tg_relid',
        'outbox_data',
        'outbox_key',
        'outbox_type',
        'outbox_state',
        'base',
        'sqlstate',
        'relation',
        'options',
        'key',
        'type',
        'data',
        'operation',
        'wanted',
        'filter',
        'passes',
      ],
    ],
    [
      'whose columns are named like parts of a name',
      ['new.id', 'old.id', '"', "'", '$json$', '$1', '%I', '%', 'a b', 'é', '', '{}'].filter(Boolean),
    ],
    ['whose columns are reserved words', ['select', 'table', 'case', 'null', 'user', 'when', 'row', 'array']],
    ['whose columns have names of 63 bytes', [long('a'), long('b')]],
    ['with a virtual column, and one named old', ['old', 'new', 'base', 'n']],
  ])('%s', async (title, names) => {
    const quoted = names.map(name => `"${name.replaceAll('"', '""')}"`)
    const seen = title.includes('virtual') ? ', seen int generated always as (old + base) virtual' : ''
    await db.query(
      `create table odd (id int primary key, ${quoted.map(name => `${name} int`).join()}${seen})`,
    )
    await db.query(`select outbox.watch('odd')`)
    const last = quoted.at(-1)!
    await db.query(`insert into odd (id, ${last}) values (1, 7); update odd set ${last} = 8; delete from odd`)
    const [created, updated, deleted] = await events()
    expect(Object.keys(created.data.new).filter(name => name !== 'seen')).toEqual(['id', ...names])
    expect(created.data.new[names.at(-1)!]).toBe(7)
    expect(updated).toMatchObject({ key: 'odd/1', data: { changed: [names.at(-1)] } })
    expect(deleted.data.old[names.at(-1)!]).toBe(8)
    const { rows } = await db.query(`select count(*)::int as n from outbox.capture_drift()`)
    expect(rows).toEqual([{ n: 0 }])
    expect((await db.query(`select from outbox.explain_row('odd', 'odd/1')`)).rowCount).toBeGreaterThan(3)
  })

  test('or every one of 120 fields, whose names are longer than an identifier', async () => {
    const names = Array.from({ length: 120 }, (_, i) => `${'n'.repeat(80)}${i}`)
    await db.query('create table odd (id int primary key)')
    await db.query(
      `select outbox.watch('odd', fields => '${JSON.stringify(Object.fromEntries(names.map(name => [name, 'NEW.id'])))}')`,
    )
    await db.query('insert into odd values (1)')
    expect(Object.keys((await events())[0].data)).toEqual(names)
    expect((await db.query('select from outbox.event_types()')).rowCount).toBeGreaterThan(3)
  })
})

test.each([
  ['a column named old', 'id int primary key, old jsonb', '1', `old = '2'`],
  ['columns named old and new', 'id int primary key, old int, new int', '1, 1, 1', 'new = 2'],
  ['a key named old', 'old int primary key, id int', '1, 1', 'id = 5'],
  [
    'a key named new, and one named tg_op',
    'new int, tg_op int, id int, primary key (new, tg_op)',
    '1, 1, 1',
    'id = 5',
  ],
])('a table with %s is watched, with a condition too', async (_, definition, values, change) => {
  await db.query(`create table hist (${definition}); insert into hist values (${values})`)
  await db.query(`select outbox.watch('hist')`)
  await db.query(`update hist set ${change}`)
  await db.query(
    `select outbox.watch('hist', condition => 'NEW.id > 0', fields => '{"id": "NEW.id", "was": "OLD.id"}')`,
  )
  await db.query(`update hist set id = 9; delete from hist`)
  expect((await events()).map(event => event.type)).toEqual(['hist.updated', 'hist.updated', 'hist.deleted'])
  expect((await events())[1].data).toMatchObject({ id: 9 })
})

describe('a key is the columns of the key', () => {
  test.each([
    [
      'with one column included',
      'id int, name text, primary key (id) include (name)',
      `values (1, 'ann')`,
      'covered/1',
    ],
    [
      'with two included',
      'id int, name text, n int, primary key (id) include (n, name)',
      `values (1, 'ann', 3)`,
      'covered/1',
    ],
    [
      'of two columns and one included',
      'a text, b int, name text, primary key (b, a) include (name)',
      `values ('x/y', 2, 'ann')`,
      'covered/2/x%2Fy',
    ],
    [
      'of one text column, with one included',
      'id text, name text, primary key (id) include (name)',
      `values ('a/b', 'ann')`,
      'covered/a/b',
    ],
  ])('%s', async (_, definition, values, key) => {
    await db.query(
      `create table covered (${definition}); select outbox.watch('covered'); insert into covered ${values}`,
    )
    await db.query(`update covered set name = 'bob'`)
    expect((await events()).map(event => event.key)).toEqual([key, key])
    const { rows } = await db.query('select message from outbox.explain_row($1, $2)', ['covered', key])
    expect(rows.map(row => row.message).join()).toContain('lets update of this row')
  })

  test.each([
    ['a column that its index carries is dropped', 'drop name'],
    ['it is dropped', 'drop constraint covered_pkey'],
    ['it is made of another column', 'drop constraint covered_pkey, add primary key (code)'],
    ['it is made of its columns in another order', 'drop constraint covered_pkey, add primary key (b, a)'],
  ])('that the table had when it was watched, also when %s', async (_, change) => {
    await db.query(`create table covered (a int, b text, code text, name text, primary key (a, b) include (name));
      select outbox.watch('covered', columns => '{a,b,code}'); insert into covered values (1, 'x/y', 'c', 'ann')`)
    await db.query(`alter table covered ${change}; update covered set code = 'd'`)
    await db.query(`alter table covered rename b to bb; update covered set code = 'e'`)
    await db.query(`select outbox.repair(); select outbox.recompile_watches(); update covered set code = 'f'`)
    expect((await events()).map(event => event.key)).toEqual(Array(4).fill('covered/1/x%2Fy'))
    const { rows } = await db.query(`select message from outbox.explain_row('covered', 'covered/1/x%2Fy')`)
    expect(rows.map(row => row.message).join()).toContain('lets update of this row')
    const drift = await db.query('select problem, mend from outbox.capture_drift()')
    expect(drift.rows).toContainEqual({
      problem:
        'The primary key of public.covered has changed; the keys of its events are still made of a, b.',
      mend: `SELECT outbox.watch('public.covered', …)`,
    })
  })

  test('and is missed when its column is dropped, until the table is watched again', async () => {
    await db.query(`create table covered (id int primary key, code text); select outbox.watch('covered', columns => '{code}');
      alter table covered drop id; insert into covered values ('a'); select outbox.repair(); insert into covered values ('b');
      alter table covered add id int default 7; insert into covered values ('c')`)
    expect((await events()).map(event => event.type)).toEqual(Array(3).fill('outbox.capture.failed'))
    await db.query(`select outbox.watch('covered', key => 'NEW.code'); insert into covered values ('d')`)
    expect((await events()).at(-1)).toMatchObject({ type: 'covered.created', key: 'd' })
  })
})

describe('the same table name in two schemas', () => {
  beforeEach(async () => {
    await db.query(`
      create schema own; create table bills (id int primary key); create table own.bills (id int primary key, n int);
      select outbox.watch('bills')`)
  })

  test('is refused with names that receivers could not tell apart, and with the options that do', async () => {
    await expect(db.query(`select outbox.watch('own.bills')`)).rejects.toMatchObject({
      message:
        'outbox.watch: own.bills has the same name as public.bills, which is watched already, and their types and keys would be the same',
      hint: `Tell them apart, for example with type => 'own.bills.{operation}', key => 'pg_catalog.concat(''own.bills/'', NEW.id)'.`,
    })
    await expect(
      db.query(`select outbox.watch('own.bills', type => 'own.bill.{operation}')`),
    ).rejects.toThrow(/their keys would be the same/)
    await expect(db.query(`select outbox.watch('own.bills', key => '''own/'' || NEW.id')`)).rejects.toThrow(
      /their types would be the same/,
    )
    await db.query(
      `select outbox.watch('own.bills', type => 'own.bills.{operation}', key => 'pg_catalog.concat(''own.bills/'', NEW.id)')`,
    )
    await db.query('insert into own.bills values (1); insert into bills values (1)')
    expect((await events()).map(event => `${event.type} ${event.key}`)).toEqual([
      'own.bills.created own.bills/1',
      'bills.created bills/1',
    ])
  })

  test('may share a type that is said aloud', async () => {
    await db.query(
      `select outbox.watch('own.bills', type => 'bills.{operation}', key => '''own/'' || NEW.id')`,
    )
    await db.query('insert into own.bills values (1)')
    expect((await events())[0]).toMatchObject({ type: 'bills.created', key: 'own/1' })
  })

  test('may use default names where the other does not, and watch again', async () => {
    await db.query(`select outbox.watch('bills', type => 'bill.{operation}', key => '''public/'' || NEW.id')`)
    await db.query(`select outbox.watch('own.bills'); select outbox.watch('own.bills')`)
    await expect(db.query(`select outbox.watch('bills')`)).rejects.toThrow(/the same name as own.bills/)
  })
})
