// What an operator decided about triggers and generated functions survives watching again, and is told in the right words.
import type pg from 'pg'
import { beforeEach, expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { createRole } from '../support/role.ts'

let db: pg.Client
beforeEach(async () => {
  db = await (await freshDatabase()).connect()
  await db.query(`
    create table plain (id int primary key, note text);
    create table parts (id int primary key, note text) partition by list (id);
    create table parts1 partition of parts for values in (1);
    select outbox.watch('plain'), outbox.watch('parts')`)
})

const rebuilds = [
  `select outbox.watch('{table}', type => 'x.{operation}')`,
  `select outbox.watch('{table}', operations => '{insert,update}')`,
  'select outbox.recompile_watches()',
]
const state = async (table: string, trigger = '00_outbox_insert') =>
  (
    await db.query(`select tgenabled from pg_trigger where tgrelid = $1::regclass and tgname = $2`, [
      table,
      trigger,
    ])
  ).rows[0]?.tgenabled

test.each(
  ['plain', 'parts'].flatMap(table =>
    [
      ['enable always', 'A', true, 'is there and enabled always, also for replicated changes.'],
      ['enable replica', 'R', false, 'fires only for replicated changes. ALTER TABLE'],
      ['disable', 'D', false, 'is disabled. ALTER TABLE'],
      ['enable', 'O', true, 'is there and enabled.'],
    ].map(row => [table, ...row] as [string, string, string, boolean, string]),
  ),
)('%s: a trigger set to %s stays so', async (table, words, letter, healthy, message) => {
  await db.query(`alter table ${table} ${words} trigger "00_outbox_insert"`)
  for (const rebuild of rebuilds) {
    await db.query(rebuild.replace('{table}', table))
    expect([await state(table), await state(table, '00_outbox_update')]).toEqual([letter, 'O'])
    if (table === 'parts') expect(await state('parts1')).toBe(letter)
    const { rows } = await db.query(
      `select healthy, message from outbox.capture_triggers() where relation = $1::regclass and operation = 'insert'`,
      [table],
    )
    expect(rows[0]).toEqual({ healthy, message: expect.stringContaining(message) })
    expect((await db.query(`select * from outbox.capture_drift()`)).rows).toEqual([])
  }
  const { rows } = await db.query('select message from outbox.explain_row($1, $2)', [table, `${table}/1`])
  expect(rows.map(row => row.message).join()).toContain(message)
})

test.each(['plain', 'parts'])('%s: comments and grants on what was generated stay', async table => {
  const role = await createRole(db, 'auditor')
  const { rows } = await db.query(
    `select p.proname from pg_trigger t join pg_proc p on p.oid = tgfoid where tgrelid = $1::regclass and tgname = '00_outbox_insert'`,
    [table],
  )
  const [{ proname }] = rows
  await db.query(`
    comment on function outbox.${proname} is 'Ours, see the runbook.';
    comment on trigger "00_outbox_insert" on ${table} is 'Do not touch.';
    grant execute on function outbox.${proname} to ${role}`)
  for (const rebuild of rebuilds) {
    await db.query(rebuild.replace('{table}', table))
    const { rows } = await db.query(
      `select obj_description(p.oid, 'pg_proc') as function, obj_description(t.oid, 'pg_trigger') as trigger,
              has_function_privilege($2, p.oid, 'execute') as granted,
              exists (select from aclexplode(p.proacl) where grantee = 0) as public
       from pg_trigger t join pg_proc p on p.oid = tgfoid where tgrelid = $1::regclass and tgname = '00_outbox_insert'`,
      [table, role],
    )
    expect(rows).toEqual([
      { function: 'Ours, see the runbook.', trigger: 'Do not touch.', granted: true, public: false },
    ])
  }
})

test('a trigger of somebody else by our name is not replaced', async () => {
  await db.query(`
    create table theirs (id int primary key);
    create function mine() returns trigger language plpgsql as $$ begin return null; end $$;
    create trigger "00_outbox_update" after update on theirs for each row execute function mine()`)
  await expect(db.query(`select outbox.watch('theirs')`)).rejects.toThrow('already exists')
})

test('an operation that is no longer watched loses its trigger and function', async () => {
  await db.query(`select outbox.watch('plain', operations => '{insert}')`)
  const { rows } = await db.query(
    `select p.proname ~ '_insert$' as is_insert from pg_trigger t join pg_proc p on p.oid = tgfoid where tgrelid = 'plain'::regclass`,
  )
  expect(rows).toEqual([{ is_insert: true }])
  const { rows: functions } = await db.query(
    `select split_part(proname, '_', 3) as part from pg_proc
     where proname ~ ('^capture_' || (select id from outbox.watches where relation = 'plain'::regclass) || '_') order by 1`,
  )
  expect(functions.map(row => row.part)).toEqual(['explain', 'insert', 'watch'])
})
