// Explaining a row always answers: what could not be found out is said, with the reason and without a value.
import type pg from 'pg'
import { beforeEach, describe, expect, test } from 'vitest'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { createLogin } from '../support/login.ts'

let database: TestDatabase
let db: pg.Client
beforeEach(async () => {
  database = await freshDatabase()
  db = await database.connect()
})

interface Line {
  passed: boolean
  message: string
}
const explain = async (table: string, key: string): Promise<Line[]> =>
  (await db.query('select passed, message from outbox.explain_row($1, $2)', [table, key])).rows
const broken = async (table: string, key: string) =>
  (await explain(table, key)).filter(({ passed }) => !passed).map(({ message }) => message)
const lastKey = async () =>
  (await db.query('select key from outbox.events order by id desc limit 1')).rows[0].key

const noRow = expect.stringContaining('There is no row with the key')
const noEvent = expect.stringContaining('There is no event with this key')

describe('a primary key', () => {
  test.each([
    ['a domain that refuses the key asked for', 'c code', `'AB'`, 'odd/nope1'],
    ['a domain over a domain', 'c tight_code', `'AB'`, 'odd/nope1'],
    ['a domain over numbers', 'c positive', '7', 'odd/-7'],
    ['a type of another schema', 'c ext.ltree', `'a.b'`, 'odd/a.c'],
    ['a type of another schema that the key cannot be', 'c ext.ltree', `'a.b'`, 'odd/?!'],
    ['another equality than its text', 'c ext.citext', `'Ann'`, 'odd/ann'],
    ['an enum', 'c mood', `'glad'`, 'odd/nope'],
    ['an array', 'c int[]', `'{1,2}'`, 'odd/{1,x}'],
    ['a range', 'c int4range', `'[1,2)'`, 'odd/[2,1)'],
    ['a composite', 'c pair', `'(1,x)'`, 'odd/(x,x)'],
    ['a bytea', 'c bytea', `'\\x00ff'`, 'odd/\\xgg'],
    ['padded characters', 'c char(5)', `'ab'`, 'odd/ab'],
    ['a time of another zone', 'c timestamptz', `'2026-01-01 00:00+02'`, 'odd/yesterday noon'],
    ['several columns', 'c text, d timestamptz', `'a/%b', '2026-01-01'`, 'odd/a/%b/2026-01-01'],
    ['several columns, one of them a domain', 'c code, d ext.ltree', `'A', 'x.y'`, 'odd/a/x.y'],
    ['the names of keywords', '"new" int, "old" int, "select" int, "x""y z" int', '1, 2, 3, 4', 'odd/1/2/3'],
  ])('of %s finds the row, and no other', async (_, columns, values, other) => {
    await db.query(`
      create domain code as text check (value ~ '^[A-Z]+$'); create domain tight_code as code check (length(value) < 4);
      create domain positive as int check (value > 0); create type mood as enum ('sad', 'glad'); create type pair as (a int, b text);
      create schema ext; create extension ltree schema ext; create extension citext schema ext`)
    const names = columns.split(', ').map(column => column.replace(/ [^ ]+$/, ''))
    await db.query(`create table odd (${columns}, primary key (${names.join()}))`)
    await db.query(`select outbox.watch('odd')`)
    await db.query(`insert into odd values (${values})`)
    await db.query(`set timezone = 'Asia/Tokyo'; set datestyle = 'German'; set bytea_output = 'escape'`)
    expect(await broken('odd', await lastKey())).toEqual([])
    expect(await broken('odd', other)).toEqual([noRow, noEvent])
  })

  test('that was shortened finds its row; a longer one finds nothing', async () => {
    await db.query(`create table odd (c text primary key)`)
    await db.query(`alter table odd alter c set storage external; select outbox.watch('odd')`)
    await db.query(`insert into odd select string_agg(md5(n::text), '') from generate_series(1, 60) n`)
    expect(await broken('odd', await lastKey())).toEqual([])
    expect(await broken('odd', `odd/${'é'.repeat(100_000)}`)).toEqual([noRow, noEvent])
  })
})

describe('what could not be found out is said:', () => {
  const unknownCondition = (operation: string, reason: string, condition: string) =>
    `Could not find out whether the condition lets ${operation} of this row pass (${reason}): ${condition}`

  test('a condition that raises', async () => {
    await db.query(`create table odd (id int primary key, secret text)`)
    await db.query(`insert into odd values (1, 'hunter2')`)
    await db.query(`select outbox.watch('odd', condition => 'NEW.secret::int > 0')`)
    expect(await broken('odd', 'odd/1')).toEqual([
      ...['insert', 'update', 'delete'].map(operation =>
        unknownCondition(
          operation,
          'SQLSTATE 22P02: a value does not suit the expression',
          'NEW.secret::int > 0',
        ),
      ),
      noEvent,
    ])
    expect(JSON.stringify(await explain('odd', 'odd/1'))).not.toContain('hunter2')
  })

  test('a key that raises', async () => {
    await db.query(`create table odd (id int)`)
    await db.query(`insert into odd values (0)`)
    await db.query(`select outbox.watch('odd', key => '7 / NEW.id')`)
    expect(await broken('odd', '7')).toEqual([
      'Could not find out whether there is a row with this key (SQLSTATE 22012: division by zero).',
      noEvent,
    ])
  })

  test('a key whose function was dropped', async () => {
    await db.query(`create function code(int) returns text language sql as $$ select 'c' || $1 $$`)
    await db.query(`create table odd (id int); select outbox.watch('odd', key => 'code(NEW.id)')`)
    await db.query(`insert into odd values (1)`)
    expect(await broken('odd', 'c1')).toEqual([])
    await db.query(`drop function code(int)`)
    expect(await broken('odd', 'c1')).toEqual([
      'Could not find out whether there is a row with this key (SQLSTATE 42883: a function or operator is gone, or is not found by this name).',
    ])
  })

  const capture = async (part: string) =>
    `outbox.capture_${(await db.query('select max(id) as id from outbox.watches')).rows[0].id}_${part}`

  test('a table of another role, whose code never runs with the rights of the outbox’s owner', async () => {
    const { name: owner } = await createLogin(database.url, '')
    await db.query(`select outbox.unwatch('orders'); select outbox.grant_watching('${owner}')`)
    await db.query(`create table odd (id int primary key); insert into odd values (1)`)
    await db.query(`alter table odd owner to ${owner}; select outbox.watch('odd')`)
    const explain = await capture('explain')
    await db.query(
      `set role ${owner};
       create or replace function ${explain}(relation regclass, options json, wanted text)
       returns table (operation text, passes boolean, problem text) language plpgsql as 'begin create table public.stolen (); end';
       reset role`,
    )
    expect((await broken('odd', 'odd/1'))[0]).toBe(
      `Did not look for the row: public.odd does not belong to the owner of the outbox, and its conditions must not run with the rights of that role. Its own owner may call outbox.explain_own_row('public.odd', 'odd/1').`,
    )
    expect((await db.query(`select to_regclass('public.stolen') as stolen`)).rows).toEqual([{ stolen: null }])
  })

  test('a function of the capture that was dropped', async () => {
    await db.query(`select outbox.unwatch('orders')`)
    await db.query(
      `create table odd (id int primary key); insert into odd values (1); select outbox.watch('odd')`,
    )
    await db.query(`drop function ${await capture('explain')}`)
    expect(await broken('odd', 'odd/1')).toContainEqual(
      'Could not look for the row (SQLSTATE 42883: a function or operator is gone, or is not found by this name). Call outbox.watch() for public.odd again.',
    )
  })

  test('that its options were damaged', async () => {
    await db.query(`select outbox.unwatch('orders')`)
    await db.query(`create table odd (id int primary key); select outbox.watch('odd')`)
    for (const options of [
      '{}',
      '{"options": {"frozen": {}}}',
      '{"options": {"operations": 1, "frozen": {"oid": "x"}}}',
    ]) {
      await db.query(
        `create or replace function ${await capture('watch')}() returns json language sql as $$ select $json$${options}$json$::json $$`,
      )
      expect((await explain('odd', 'odd/1')).length, options).toBeGreaterThan(0)
    }
  })

  test.each([
    '',
    ' ',
    '.',
    '"',
    '"a',
    'a.b.c',
    'a.b.c.d',
    'x'.repeat(10_000),
    'nope',
    '"é\u0001".x',
    '0',
    '-',
  ])('no table is called %j', async table => {
    expect(await broken(table, 'k')).toEqual([expect.stringMatching(/^There is no table/)])
  })

  test('the table was dropped meanwhile', async () => {
    await db.query(`create table odd (id int primary key); select outbox.watch('odd'); drop table odd`)
    expect(await broken('odd', 'odd/1')).toEqual([expect.stringContaining('There is no table odd')])
  })
})

test.each([
  '',
  'evt_',
  'nope',
  `evt_${'z'.repeat(24)}`,
  `evt_${'f'.repeat(24)}`,
  `evt_7${'f'.repeat(23)}`,
  'é'.repeat(1_000),
])('no event is called %j, which explain says with no rows', async id => {
  expect((await db.query('select * from outbox.explain($1)', [id])).rows).toEqual([])
})
