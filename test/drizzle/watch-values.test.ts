// Every kind of table and value: captured exactly, or refused when the table is watched. The writer never fails because of it.
import type pg from 'pg'
import { beforeEach, describe, expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'

let db: pg.Client
beforeEach(async () => {
  db = await (await freshDatabase()).connect()
})

const last = async () =>
  (await db.query('select type, key, data::text as text from outbox.events order by id desc limit 1')).rows[0]
const lastData = async () => JSON.parse((await last()).text)

describe('a value', () => {
  test.each([
    ['numeric', `'123456789012345678901234567890.10'`, '123456789012345678901234567890.10'],
    ['numeric', `'NaN'`, '"NaN"'],
    ['double precision', `'-Infinity'`, '"-Infinity"'],
    ['double precision', '0.1::float8 + 0.2', '0.30000000000000004'],
    ['bigint', '9223372036854775807', '9223372036854775807'],
    ['timestamptz', `'infinity'`, '"infinity"'],
    ['timestamptz', `'2026-10-01 12:00+02'`, '"2026-10-01T10:00:00+00:00"'],
    ['tstzrange', `'[2026-10-01 12:00+02,)'`, String.raw`"[\"2026-10-01 10:00:00+00\",)"`],
    ['interval', `'1 day 02:03:04'`, '"P1DT2H3M4S"'],
    ['bytea', String.raw`'\xdeadbeef'`, String.raw`"\\xdeadbeef"`],
    ['int[]', `'{{1,NULL},{3,4}}'`, '[[1,null],[3,4]]'],
    ['json', String.raw`'{"a": "\u0000\ud800", "a": 1.0}'`, String.raw`{"a": "\u0000\ud800", "a": 1.0}`],
    ['xml', `'<a/>'`, '"<a/>"'],
    ['point', `'(1,2)'`, '"(1,2)"'],
    ['mood', `'glad'`, '"glad"'],
    ['text', `'line \u2028 sep'`, '"line \u2028 sep"'],
  ])('of type %s, %s, is written as it is', async (type, value, written) => {
    await db.query(`create type mood as enum ('sad', 'glad')`)
    await db.query(`create table odd (id int primary key, value ${type})`)
    await db.query(`select outbox.watch('odd')`)
    // However the writer's session likes to print.
    await db.query(
      `set timezone = 'Asia/Tokyo'; set bytea_output = 'escape'; set extra_float_digits = -15; set datestyle = 'German'; set intervalstyle = 'postgres_verbose'`,
    )
    await db.query(`insert into odd values (1, null)`)
    await db.query(`update odd set value = ${value}`)
    expect((await last()).text).toContain(`"new" : {"id" : 1, "value" : ${written}}`)
    expect((await lastData()).changed).toEqual(['value'])
    const { rows } = await db.query('select count(*)::int as n from outbox.events')
    await db.query('update odd set value = value')
    expect((await db.query('select count(*)::int as n from outbox.events')).rows).toEqual(rows)
  })

  test('of 8 kB, and of a row of 1 MB, is whole', async () => {
    await db.query(`create table odd (id int primary key, value text)`)
    await db.query(`select outbox.watch('odd')`)
    for (const length of [8_192, 1_000_000]) {
      await db.query(`insert into odd values ($1, repeat('é', $1))`, [length])
      expect((await lastData()).new.value).toHaveLength(length)
    }
  })

  test('that makes an expression fail becomes a visible failure, and the writer commits', async () => {
    await db.query(`create table odd (id int primary key, total int, people int)`)
    await db.query(`select outbox.watch('odd', fields => '{"share": "NEW.total / NEW.people"}')`)
    await db.query(`insert into odd values (1, 10, 0)`)
    expect((await db.query('select * from odd')).rowCount).toBe(1)
    expect(await last()).toMatchObject({ type: 'outbox.capture.failed', key: 'odd/1' })
    expect(await lastData()).toEqual({ table: 'public.odd', operation: 'insert', sqlstate: '22012' })
  })

  test('of a column that was dropped does not stop the writer either, until the table is watched again', async () => {
    await db.query(`create table odd (id int primary key, note text)`)
    await db.query(`select outbox.watch('odd')`)
    await db.query(`alter table odd drop column note`)
    await db.query(`insert into odd values (1)`)
    expect(await last()).toMatchObject({ type: 'outbox.capture.failed', key: 'odd/1' })
    await db.query(`select outbox.watch('odd')`)
    await db.query(`insert into odd values (2)`)
    expect((await lastData()).new).toEqual({ id: 2 })
  })
})

describe('a table', () => {
  test('with generated columns shows both kinds, computed', async () => {
    await db.query(
      `create table odd (id int primary key, kept int generated always as (id * 2) stored, seen int generated always as (id * 3) virtual)`,
    )
    await db.query(`select outbox.watch('odd')`)
    await db.query('insert into odd values (1); update odd set id = 2')
    expect(await lastData()).toMatchObject({
      old: { id: 1, kept: 2, seen: 3 },
      new: { id: 2, kept: 4, seen: 6 },
      changed: ['id', 'kept', 'seen'],
    })
  })

  test('with 60 columns is an object with 60 members', async () => {
    const names = Array.from({ length: 60 }, (_, i) => `c${i}`)
    await db.query(`create table odd (id int primary key, ${names.map(name => `${name} int`).join()})`)
    await db.query(`select outbox.watch('odd')`)
    await db.query('insert into odd (id, c59) values (1, 7)')
    expect(Object.keys((await lastData()).new)).toEqual(['id', ...names])
    expect((await lastData()).new.c59).toBe(7)
  })

  test('with quotes and umlauts in its names needs a type, and keeps its names', async () => {
    await db.query(`create table "Größe ""x""" (id int primary key, "wie 'groß'" text)`)
    await expect(db.query(`select outbox.watch('"Größe ""x"""')`)).rejects.toThrow(/can not be an event type/)
    await db.query(`select outbox.watch('"Größe ""x"""', type => 'size.{operation}')`)
    await db.query(`insert into "Größe ""x""" values (1, 'so')`)
    expect(await last()).toMatchObject({ type: 'size.created', key: 'Größe "x"/1' })
    expect(await lastData()).toMatchObject({ table: 'public.Größe "x"', new: { "wie 'groß'": 'so' } })
  })

  test('whose key has several columns keeps any two rows apart', async () => {
    await db.query(`create table odd (a text, b text, primary key (b, a))`)
    await db.query(`select outbox.watch('odd')`)
    await db.query(`insert into odd values ('c', 'a/b'), ('b/c', 'a'), ('%2F', '')`)
    const { rows } = await db.query('select key from outbox.events order by id')
    expect(rows.map(row => row.key)).toEqual(['odd/a%2Fb/c', 'odd/a/b%2Fc', 'odd//%252F'])
  })

  test('with partitions is captured through all of them, also through later ones', async () => {
    await db.query(
      `create table odd (id int, part int, note text, primary key (id, part)) partition by list (part)`,
    )
    await db.query(`create table odd2 (note text, part int not null, id int not null)`)
    await db.query(`create table odd1 partition of odd for values in (1)`)
    await db.query(`alter table odd attach partition odd2 for values in (2)`)
    await db.query(`select outbox.watch('odd')`)
    await db.query(`create table odd3 partition of odd for values in (3)`)
    await db.query(`insert into odd values (1, 1, 'a'), (2, 2, 'b'), (3, 3, 'c')`)
    await db.query(`update odd set note = 'd' where id = 2`)
    await db.query(`update odd set note = note`)
    await db.query(`update odd set part = 2 where id = 1`) // to Postgres, another partition is another row
    const { rows } = await db.query('select type, key from outbox.events order by id')
    expect(rows.map(row => `${row.type} ${row.key}`)).toEqual([
      'odd.created odd/1/1',
      'odd.created odd/2/2',
      'odd.created odd/3/3',
      'odd.updated odd/2/2',
      'odd.deleted odd/1/1',
      'odd.created odd/1/2',
    ])
    await expect(db.query(`select outbox.watch('odd1')`)).rejects.toThrow(/shares partitions/)
  })

  test('that others inherit from is refused, unless the watch asks for its own rows only', async () => {
    await db.query(`create table odd (id int primary key); create table child () inherits (odd)`)
    await expect(db.query(`select outbox.watch('odd')`)).rejects.toThrow(/inherited by public.child/)
    await db.query(`select outbox.watch('odd', only_own_rows => true)`)
    await db.query(`insert into child values (1); insert into odd values (2)`)
    expect((await db.query('select key from outbox.events')).rows).toEqual([{ key: 'odd/2' }])
  })
})
