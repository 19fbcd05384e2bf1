// What captures a table is found by the table, in a copy of the database without its rows too, and health names each disagreement.
import type pg from 'pg'
import { beforeEach, describe, expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { createRole } from '../support/role.ts'

let db: pg.Client
beforeEach(async () => {
  db = await (await freshDatabase()).connect()
  await db.query(`
    create table invoices (id int primary key, note text); create table bills (id int primary key, note text);
    select outbox.watch('invoices', type => 'invoice.{operation}'), outbox.watch('bills')`)
})

const events = async (client = db) =>
  (await client.query('select type, key from outbox.events order by id')).rows.map(
    row => `${row.type} ${row.key}`,
  )
const watches = async (client = db) =>
  (await client.query('select relation::text from outbox.watches order by 1')).rows.map(row => row.relation)
const triggers = async (client = db) =>
  (
    await client.query(
      `select tgrelid::regclass || ' ' || tgname as name from pg_trigger where tgname ~ '^00_outbox_' order by 1`,
    )
  ).rows.map(row => row.name)
const drift = async (client = db) =>
  (
    await client.query(
      `select coalesce(relation::text, '-') || ': ' || problem || ' ' || mend as text from outbox.capture_drift()`,
    )
  ).rows.map(row => row.text)
const broken = async (client = db) =>
  (await client.query('select message from outbox.capture_triggers() where not healthy')).rows.map(
    row => row.message,
  )

/** What `pg_dump --schema-only` carries over: the tables with other numbers, the functions and the triggers, no rows. */
async function copyWithoutRows(): Promise<pg.Client> {
  const copy = await (await freshDatabase()).connect()
  await copy.query(`select outbox.unwatch('orders'); create table shift (id int); create table shift2 (id int);
    create table bills (gone int, id int primary key, note text); alter table bills drop column gone;
    create table invoices (id int primary key, note text)`)
  const { rows } = await db.query(`
    select pg_get_functiondef(oid) as sql from pg_proc where proname ~ '^capture_[0-9]+_'
    union all
    select pg_get_triggerdef(oid) from pg_trigger where tgname ~ '^00_outbox_'`)
  for (const { sql } of rows) await copy.query(sql)
  return copy
}

describe('in a copy without rows', () => {
  test('everything goes on, nothing has drifted, and the tables are known as watched', async () => {
    const copy = await copyWithoutRows()
    expect(await watches(copy)).toEqual(['bills', 'invoices', 'orders'])
    await copy.query(
      `insert into invoices values (1, 'x'); insert into bills values (1, 'x'); update bills set note = 'y'`,
    )
    expect(await events(copy)).toEqual([
      'invoice.created invoices/1',
      'bills.created bills/1',
      'bills.updated bills/1',
    ])
    expect([await drift(copy), await broken(copy)]).toEqual([[], []])
    const { rows } = await copy.query(`select message from outbox.explain_row('invoices', 'invoices/1')`)
    expect(rows[0].message).toMatch(/is watched since/)
  })

  test('watching again replaces the table’s own triggers, and no other table’s', async () => {
    const copy = await copyWithoutRows()
    const before = await triggers(copy)
    await copy.query(`select outbox.watch('invoices', type => 'paper.{operation}')`)
    await copy.query(
      `create table extra (id int primary key); select outbox.watch('extra'); select outbox.unwatch('extra')`,
    )
    expect(await triggers(copy)).toEqual(before)
    await copy.query(`insert into invoices values (1); insert into bills values (1)`)
    expect(await events(copy)).toEqual(['paper.created invoices/1', 'bills.created bills/1'])
  })

  test('unwatching ends the capture of that table', async () => {
    const copy = await copyWithoutRows()
    const { rows } = await copy.query(`select outbox.unwatch('invoices') as was`)
    expect(rows).toEqual([{ was: true }])
    await copy.query(`insert into invoices values (1); insert into bills values (1)`)
    expect(await events(copy)).toEqual(['bills.created bills/1'])
    expect(await watches(copy)).toEqual(['bills', 'orders'])
  })

  test('the numbers of columns are those of the copy', async () => {
    const copy = await copyWithoutRows()
    await copy.query(`select from outbox.recompile_watches()`)
    await copy.query(
      `insert into bills values (1, 'x'); alter table bills rename note to remark; update bills set remark = 'y'`,
    )
    const { rows } = await copy.query(`select data->'new' as row from outbox.events order by id`)
    expect(rows).toEqual([{ row: { id: 1, note: 'x' } }, { row: { id: 1, note: 'y' } }])
  })
})

describe('health names, and repair() mends,', () => {
  test.each([
    [
      'a trigger that is missing',
      `drop trigger "00_outbox_insert" on bills`,
      /trigger for insert on public.bills is missing/,
    ],
    [
      'all triggers of a watch missing',
      `do $$ declare n text; begin for n in select tgname from pg_trigger where tgrelid = 'bills'::regclass loop execute format('drop trigger %I on bills', n); end loop; end $$`,
      /trigger for insert on public.bills is missing/,
    ],
    [
      'a table that was dropped and made again by its name',
      `drop table bills; create table bills (id int primary key, note text)`,
      /trigger for insert on public.bills is missing/,
    ],
    [
      'a function that somebody changed',
      `do $$ begin execute (select replace(pg_get_functiondef(tgfoid), 'RETURN NULL', 'RETURN NEW') from pg_trigger where tgname = '00_outbox_insert' and tgrelid = 'bills'::regclass); end $$`,
      /outbox.capture_\d+_insert\(\) on public.bills is not what its watch says/,
    ],
    [
      'a setting that somebody gave a function',
      `do $$ begin execute (select format('alter function %s set work_mem = 100', tgfoid::regprocedure) from pg_trigger where tgname = '00_outbox_insert' and tgrelid = 'bills'::regclass); end $$`,
      /outbox.capture_\d+_insert\(\) on public.bills is not what its watch says/,
    ],
    [
      'a trigger with another condition',
      `do $$ begin execute (select format('create or replace trigger "00_outbox_insert" after insert on bills for each row when (new.id > 5) execute function %s', tgfoid::regprocedure) from pg_trigger where tgname = '00_outbox_insert' and tgrelid = 'bills'::regclass); end $$`,
      /outbox.capture_\d+_insert\(\) on public.bills is not what its watch says/,
    ],
    [
      'a table whose owner has changed',
      `alter table bills owner to {owner}`,
      /runs with the rights of .*, but the table belongs to bills_owner/,
    ],
    [
      'a column of another type',
      `alter table bills alter note type json using null`,
      /is not what its watch says/,
    ],
  ])('%s', async (_, harm, said) => {
    const role = await createRole(db, 'bills_owner')
    await db.query(harm.replaceAll('{owner}', role))
    expect([...(await broken()), ...(await drift())].join()).toMatch(said)
    expect([...(await broken()), ...(await drift())].join()).toContain('outbox.repair()')
    const { rows } = await db.query('select relation::text, repaired from outbox.repair()')
    expect(rows).toEqual([{ relation: 'bills', repaired: true }])
    expect([await drift(), await broken()]).toEqual([[], []])
    await db.query('insert into bills (id) values (1)')
    expect(await events()).toEqual(['bills.created bills/1'])
  })

  test('functions that are left over', async () => {
    await db.query(
      `do $$ begin execute (select replace(pg_get_functiondef(oid), proname, 'capture_7_watch') from pg_proc
         where proname = (select format('capture_%s_watch', id) from outbox.watches where relation = 'bills'::regclass)); end $$`,
    )
    expect(await drift()).toEqual([
      '-: Functions outbox.capture_7_… are left over: no table is captured by them. SELECT * FROM outbox.repair()',
    ])
    await db.query('select outbox.repair()')
    expect(await drift()).toEqual([])
    expect(await watches()).toEqual(['bills', 'invoices', 'orders'])
  })

  test('a trigger that calls another table’s capture, and unwatching leaves that one alone', async () => {
    await db.query(
      `create table stray (id int primary key, note text);
       do $$ begin execute (select format('create trigger mine after insert on stray for each row execute function %s', tgfoid::regprocedure)
         from pg_trigger where tgname = '00_outbox_insert' and tgrelid = 'bills'::regclass); end $$`,
    )
    expect((await drift()).join()).toMatch(
      /The trigger mine on .*stray calls outbox.capture_\d+_insert\(\).*outbox.watch\('.*stray'\)/,
    )
    await db.query(`select outbox.unwatch('bills')`)
    await db.query('insert into stray values (1)')
    expect((await triggers()).filter(name => name.startsWith('bills'))).toEqual([])
    expect(await watches()).not.toContain('bills')
  })

  test('a watch whose options are lost, by naming the table to watch again', async () => {
    await db.query(
      `do $$ begin execute (select format('drop function outbox.capture_%s_watch', id) from outbox.watches where relation = 'bills'::regclass); end $$`,
    )
    expect((await drift()).join()).toMatch(/bills.*SELECT outbox.watch\('.*bills'\)/)
    await db.query('insert into bills values (1)')
    await db.query(`select outbox.watch('bills')`)
    expect(await drift()).toEqual([])
    await db.query('insert into bills values (2)')
    expect(await events()).toEqual(['bills.created bills/1', 'bills.created bills/2'])
    expect((await triggers()).filter(name => name.startsWith('bills'))).toHaveLength(4)
  })

  test('a dropped table, which unwatch() ends', async () => {
    await db.query('drop table bills')
    expect((await broken())[0]).toMatch(/was dropped. SELECT outbox.unwatch\('\d+'\)/)
    await db.query(`select outbox.unwatch(relation) from outbox.watches where relation::text ~ '^[0-9]+$'`)
    expect([await broken(), await drift(), await watches()]).toEqual([[], [], ['invoices', 'orders']])
  })
})

describe('a table with the name of a dropped one', () => {
  test.each([
    [
      'made by another role, which ended its watch',
      `set role {owner}; create table bills (id int primary key); select outbox.watch('bills'), outbox.unwatch('bills'); reset role`,
    ],
    [
      'made by another role, whose watch we ended',
      `set role {owner}; create table bills (id int primary key); select outbox.watch('bills'); reset role; select outbox.unwatch('bills')`,
    ],
    [
      'that another one was given',
      `alter table invoices rename to bills; select outbox.unwatch('bills'); create table invoices (id int primary key);
       select outbox.watch('invoices')`,
    ],
  ])('is not watched again by what captured that one: %s', async (_, statements) => {
    const owner = await createRole(db, 'bills_owner')
    await db.query(`grant create on schema public to ${owner}; select outbox.grant_watching('${owner}')`)
    await db.query(`drop table bills; ${statements.replaceAll('{owner}', owner)}`)
    expect((await broken()).join()).not.toContain('public.bills')
    await db.query('select outbox.repair(); insert into bills (id) values (1)')
    expect(await events()).toEqual([])
  })
})
