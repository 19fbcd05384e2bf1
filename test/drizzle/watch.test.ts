// outbox.watch: what each option does, and that a bad one is named and changes nothing.
import type pg from 'pg'
import { beforeEach, describe, expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'

let db: pg.Client
beforeEach(async () => {
  db = await (await freshDatabase()).connect()
  await db.query(
    `create table invoices (id int primary key, customer int, status text not null default 'open', total numeric, email text)`,
  )
})

const watch = (options = '') => db.query(`select outbox.watch('invoices'${options && `, ${options}`})`)
const events = async () =>
  (await db.query('select type, key, tenant, data from outbox.events order by id')).rows
const typesAfter = async (statements: string) => {
  await db.query(statements)
  return (await events()).map(event => event.type)
}
const life = `insert into invoices values (1, 7, 'open', 10, 'a@b.c'); update invoices set status = 'paid'; delete from invoices`

describe('a watched table', () => {
  test('makes an event of each change, with the row before and after', async () => {
    await watch()
    await db.query(life)
    const row = { id: 1, customer: 7, status: 'open', total: 10, email: 'a@b.c' }
    const paid = { ...row, status: 'paid' }
    const event = (type: string, operation: string, data: object) => ({
      type: `invoices.${type}`,
      key: 'invoices/1',
      tenant: null,
      data: { table: 'public.invoices', operation, new: null, old: null, changed: null, ...data },
    })
    expect(await events()).toEqual([
      event('created', 'insert', { new: row }),
      event('updated', 'update', { old: row, new: paid, changed: ['status'] }),
      event('deleted', 'delete', { old: paid }),
    ])
  })

  test('watched again follows the last call', async () => {
    await watch(`type => 'first.{operation}'`)
    await watch(`operations => '{delete}', type => 'second.{operation}'`)
    expect(await typesAfter(life)).toEqual(['second.deleted'])
    expect((await db.query('select count(*)::int as n from outbox.watches')).rows[0].n).toBe(2)
  })

  test('is as before after unwatch, with nothing of the outbox left on it', async () => {
    await watch()
    expect((await db.query(`select outbox.unwatch('invoices') as was`)).rows[0].was).toBe(true)
    expect(await typesAfter(life)).toEqual([])
    expect((await db.query(`select outbox.unwatch('invoices') as was`)).rows[0].was).toBe(false)
    const { rows } = await db.query(`select 1 from pg_trigger where tgrelid = 'invoices'::regclass`)
    expect(rows).toEqual([])
  })

  test('that is renamed stays watched, and a new one with the old name is not', async () => {
    await watch()
    await db.query('alter table invoices rename to bills')
    await db.query('create table invoices (id int primary key)')
    await watch(`type => 'new.{operation}'`)
    await db.query('insert into bills (id) values (1); insert into invoices values (2)')
    expect((await events()).map(event => event.type)).toEqual(['invoices.created', 'new.created'])
  })

  test('is quiet while outbox.capture is off', async () => {
    await watch()
    expect(
      await typesAfter(`begin; set local outbox.capture = 'off'; ${life}; truncate invoices; commit`),
    ).toEqual([])
  })

  test('can be written by roles that have no rights on the outbox', async () => {
    await watch(`fields => '{"orders": "(SELECT count(*) FROM public.orders)"}'`)
    await db.query(`create role clerk_${process.pid}; grant insert on invoices to clerk_${process.pid}`)
    try {
      await db.query(`set role clerk_${process.pid}; insert into invoices (id) values (1); reset role`)
    } finally {
      await db.query(`reset role; drop owned by clerk_${process.pid}; drop role clerk_${process.pid}`)
    }
    expect((await events())[0].data).toEqual({ orders: 0 })
  })
})

describe('the option', () => {
  test('operations: other operations make no event', async () => {
    await watch(`operations => '{update}'`)
    expect(await typesAfter(life)).toEqual(['invoices.updated'])
  })

  test('type and types: a pattern, and exceptions to it', async () => {
    await watch(`type => 'bill.{operation}', types => '{"delete": "bill.voided"}'`)
    expect(await typesAfter(life)).toEqual(['bill.created', 'bill.updated', 'bill.voided'])
  })

  test('type_sql: an expression, also for the row that was deleted', async () => {
    await watch(`type_sql => $$'bill.' || NEW.status$$, possible_types => '{bill.open,bill.paid}'`)
    expect(await typesAfter(life)).toEqual(['bill.open', 'bill.paid', 'bill.paid'])
  })

  test('when_changed: an update of other columns makes no event', async () => {
    await watch(`when_changed => '{status,total}'`)
    await db.query(life.replace('delete', `update invoices set email = 'x'; delete`))
    expect((await events()).map(event => event.type)).toEqual([
      'invoices.created',
      'invoices.updated',
      'invoices.deleted',
    ])
  })

  test.each([
    ['columns', `columns => '{id,status}'`],
    ['except_columns', `except_columns => '{customer,total,email}'`],
  ])(
    '%s: what is left out never enters the outbox, and makes no event when it changes',
    async (_, option) => {
      await watch(option)
      await db.query(
        `insert into invoices values (1, 7, 'open', 10, 'a@b.c'); update invoices set email = 'secret'`,
      )
      expect((await events()).map(event => event.data.new)).toEqual([{ id: 1, status: 'open' }])
      expect(JSON.stringify(await events())).not.toContain('@')
    },
  )

  test('condition: of the row as it is, or as it was when it was deleted; NEW in quotes is text', async () => {
    await watch(`condition => $$NEW.status <> 'NEW' AND NEW.total > 5$$`)
    await db.query(
      `insert into invoices values (1, 7, 'NEW', 10), (2, 7, 'x', 1), (3, 7, 'x', 10); delete from invoices`,
    )
    expect((await events()).map(event => `${event.type} ${event.key}`)).toEqual([
      'invoices.created invoices/3',
      'invoices.deleted invoices/3',
    ])
  })

  test('key and tenant: expressions', async () => {
    await watch(`key => $$'customer/' || NEW.customer$$, tenant => 'NEW.customer'`)
    await db.query(life)
    expect(new Set((await events()).map(event => `${event.key} ${event.tenant}`))).toEqual(
      new Set(['customer/7 7']),
    )
  })

  test('fields: the data, member by member; OLD is null where there was no row', async () => {
    await watch(`fields => '{"id": "NEW.id", "was": "OLD.status", "is": "NEW.status"}'`)
    await db.query(life)
    expect((await events()).map(event => event.data)).toEqual([
      { id: 1, was: null, is: 'open' },
      { id: 1, was: 'open', is: 'paid' },
      { id: 1, was: 'paid', is: 'paid' },
    ])
  })

  test('data: one expression for all of it', async () => {
    await watch(`data => 'jsonb_build_object(''sum'', NEW.total) -- and a remark'`)
    await db.query(life)
    expect((await events())[0].data).toEqual({ sum: 10 })
  })
})

describe('a bad option is named, and the watch stays what it was', () => {
  test.each([
    ['an operation there is none of', `operations => '{insert,upsert}'`, /operations has upsert/],
    ['no operation', `operations => '{}'`, /operations has nothing/],
    ['an option there is none of', `opertions => '{insert}'`, /opertions/],
    ['an unknown column', `columns => '{id,nope}'`, /columns names nope/],
    ['an unknown column to leave out', `except_columns => '{nope}'`, /except_columns names nope/],
    [
      'leaving everything out',
      `except_columns => '{id,customer,status,total,email}'`,
      /columns names no column/,
    ],
    ['an unknown column that matters', `when_changed => '{"Status"}'`, /when_changed names "Status"/],
    ['two ways to choose columns', `columns => '{id}', except_columns => '{email}'`, /exclude each other/],
    [
      'two ways to say the data',
      `columns => '{id}', data => 'NEW.id'`,
      /Use one of them|all say what the data is/,
    ],
    ['a condition that is none', `condition => 'NEW.total'`, /condition is not a usable expression/],
    ['a condition on what an insert does not have', `condition => 'OLD.total > 1'`, /condition uses OLD/],
    ['a subquery as condition', `condition => 'EXISTS (SELECT 1)'`, /subquery/],
    ['a key of an unknown column', `key => 'NEW.nope'`, /key is not a usable expression/],
    ['a tenant with a syntax error', `tenant => 'NEW.'`, /tenant is not a usable expression/],
    ['a field that is none', `fields => '{"a": "NEW.nope"}'`, /fields.a is not a usable expression/],
    ['fields that are a list', `fields => '["NEW.id"]'`, /fields is not an object/],
    ['a type with a space', `type => 'invoice paid'`, /'invoice paid' can not be an event type/],
    ["one of the outbox's own types", `type => 'outbox.{operation}'`, /outbox''?s own/],
    [
      'a type for what is not watched',
      `operations => '{insert}', types => '{"delete": "a.b"}'`,
      /types has delete/,
    ],
    ['type_sql without the types', `type_sql => 'NEW.status'`, /type_sql and possible_types/],
  ])('%s', async (_, option, message) => {
    await watch(`operations => '{insert}'`)
    await expect(watch(option)).rejects.toThrow(message)
    expect(await typesAfter(life)).toEqual(['invoices.created'])
  })

  test.each([
    ['a table without a primary key', 'create table loose (id int)', 'loose', /loose has no primary key/],
    ['a view', 'create view loose as select 1 as id', 'loose', /is not a table/],
    ['a temporary table', 'create temp table loose (id int primary key)', 'loose', /temporary/],
    ['a table of the outbox', 'select 1', 'outbox.events', /belongs to the outbox/],
  ])('%s is refused', async (_, create, table, message) => {
    await db.query(create)
    await expect(db.query(`select outbox.watch('${table}')`)).rejects.toThrow(message)
  })

  test("another role's table is refused", async () => {
    const role = `stranger_${process.pid}`
    await db.query(
      `create role ${role}; grant all on schema outbox to ${role}; grant select on outbox.watches to ${role}`,
    )
    try {
      await expect(db.query(`set role ${role}; select outbox.watch('invoices')`)).rejects.toThrow(
        /only the owner/,
      )
    } finally {
      await db.query(`reset role; drop owned by ${role}; drop role ${role}`)
    }
  })
})
