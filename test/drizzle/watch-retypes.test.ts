// A watched table whose columns get other types or are dropped, and that nobody watches again.
import type pg from 'pg'
import { beforeEach, describe, expect, test } from 'vitest'
import { freshDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let db: pg.Client
beforeEach(async () => {
  database = await freshDatabase()
  db = await database.connect()
})

/** However the writer's session likes to print. */
const printing = `set timezone = 'Asia/Tokyo'; set bytea_output = 'escape'; set extra_float_digits = -15; set datestyle = 'German'; set intervalstyle = 'postgres_verbose'`

const last = async () =>
  (await db.query('select data::text as text from outbox.events order by id desc limit 1')).rows[0]
const lastData = async () => JSON.parse((await last()).text)

describe('a value', () => {
  test.each([
    ['timestamp', 'timestamptz', `'2026-10-01 12:00+02'`, '"2026-10-01T10:00:00+00:00"'],
    ['text', 'bytea', String.raw`'\xdeadbeef'`, String.raw`"\\xdeadbeef"`],
    ['int', 'double precision', '0.1::float8 + 0.2', '0.30000000000000004'],
    ['text', 'interval', `'1 day 02:03:04'`, '"P1DT2H3M4S"'],
    ['date', 'tstzrange', `'[2026-10-01 12:00+02,)'`, String.raw`"[\"2026-10-01 10:00:00+00\",)"`],
  ])(
    'of type %s that becomes %s is written as it is, in open sessions and old snapshots too, before and after repair()',
    async (before, after, value, written) => {
      await db.query(
        `create table odd (id int primary key, value ${before}); select outbox.watch('odd'); insert into odd values (1)`,
      )
      const [fresh, old] = [await database.connect(), await database.connect()]
      await old.query(`begin isolation level repeatable read; select 1 from outbox.watches`)
      await db.query(`alter table odd alter value type ${after} using null`)
      const sessions = [
        [db, ''],
        [fresh, ''],
        [old, ''],
        [old, 'commit'],
        [db, 'select outbox.repair()'],
      ] as const
      for (const [i, [session, first]] of sessions.entries()) {
        await session.query(`${first}; ${printing}; insert into odd values (${i + 2}, ${value})`)
        if (session !== old)
          expect((await last()).text).toContain(`"new" : {"id" : ${i + 2}, "value" : ${written}}`)
      }
      const { rows } = await db.query('select data::text as text from outbox.events')
      expect(rows.filter(({ text }) => text.includes(written))).toHaveLength(sessions.length)
    },
  )

  test('has changed when it prints differently, also after its column became of a type where equal values do', async () => {
    await db.query(
      `create table odd (id int primary key, value int); select outbox.watch('odd'); insert into odd values (1, 1)`,
    )
    await db.query(`update odd set value = 2; alter table odd alter value type numeric`)
    for (const value of ['2.0', '2.00']) {
      await db.query(`update odd set value = ${value}`)
      expect(await lastData()).toMatchObject({ operation: 'update', changed: ['value'] })
      expect((await last()).text).toContain(`"new" : {"id" : 1, "value" : ${value}}`)
    }
  })

  test.each([
    ['shown with all others', ''],
    ['shown by name', `columns => '{id,note}', when_changed => '{id}'`],
    ['in an expression', `fields => '{"note": "NEW.note"}'`],
    ['in the key', `key => 'NEW.note', fields => '{"id": "NEW.id"}'`],
  ])(
    'of a column that was dropped is missed until the table is watched again, whatever is repaired or gets its name: %s',
    async (_, options) => {
      await db.query(`create table odd (id int primary key, note text)`)
      await db.query(`select outbox.watch('odd'${options && `, ${options}`})`)
      await db.query(`alter table odd drop column note`)
      await db.query(
        `insert into odd values (1); select outbox.recompile_watches(); insert into odd values (2)`,
      )
      await db.query(`alter table odd add note text; insert into odd values (3, 'other')`)
      await db.query(
        `select outbox.repair(); select outbox.recompile_watches(); insert into odd values (4, 'x')`,
      )
      const { rows } = await db.query(`select type, data->>'sqlstate' as state from outbox.events`)
      expect(rows).toEqual(Array(4).fill({ type: 'outbox.capture.failed', state: '42703' }))
      await db.query(`select outbox.watch('odd'); insert into odd values (5, 'y')`)
      expect((await lastData()).new).toEqual({ id: 5, note: 'y' })
    },
  )
})
