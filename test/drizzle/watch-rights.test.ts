// A table's owner who does not own the outbox may watch it, and no change of rights, owners or settings fails a writer later.
import type pg from 'pg'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { migrate } from '../../dev/migrate.ts'
import { freshDatabase } from '../support/database.ts'
import { createRole } from '../support/role.ts'

let db: pg.Client
let owner: string
let writer: string
/** A database of its own, with a schema of a role that does not own the outbox. */
async function freshSchema() {
  db = await (await freshDatabase()).connect()
  owner = await createRole(db, 'owner')
  writer = await createRole(db, 'writer')
  await db.query(`create schema own authorization ${owner}; grant usage on schema own to ${writer}`)
}

/** One row each time, by a role that may only write the table. */
let id = 0
const write = (table: string) =>
  as(writer, `insert into ${table} (id) values (${++id}); update ${table} set note = 'x' where id = ${id}`)
const as = async (role: string, statements: string) => {
  await db.query(`set role ${role}`)
  try {
    await db.query(statements)
  } finally {
    await db.query('reset role')
  }
}
const types = async () =>
  (await db.query('select type from outbox.events order by id')).rows.map(row => row.type)
const table = (name: string) =>
  `create table ${name} (id int primary key, note text); grant select, insert, update on ${name} to ${writer}`
const drift = async () =>
  (await db.query(`select problem || ' ' || mend as text from outbox.capture_drift()`)).rows.map(
    row => row.text,
  )

describe('the owner of a table, who does not own the outbox,', () => {
  beforeEach(freshSchema)

  test('needs CREATE on the schema to watch it, and nothing else', async () => {
    await db.query(`grant create on schema outbox to ${owner}`)
    await as(owner, `${table('own.bills')}; select outbox.watch('own.bills')`)
    await db.query(`revoke create on schema outbox from ${owner}`)
    await write('own.bills')
    expect(await types()).toEqual(['bills.created', 'bills.updated'])
    expect(await drift()).toEqual([])
  })

  test('finds its event types described, and can not have anything run by who asks for them', async () => {
    await db.query(`grant create on schema outbox to ${owner}`)
    await as(
      owner,
      `create type own.mood as enum ('good', 'bad');
       create table own.bills (id int primary key, note text, mood own.mood);
       create table own.callers (who text);
       create function own.spy(text) returns text language plpgsql as
         $f$ begin insert into own.callers values (current_user); return $1; end $f$;
       select outbox.watch('own.bills', fields => '{"bill": "new.id", "moods": "array[new.mood]", "note": "own.spy(new.note)"}')`,
    )
    await db.query(`alter table own.callers owner to ${owner}; truncate own.callers`)
    const { rows } = await db.query(
      `select type, fields from outbox.event_types() where relation = 'own.bills' and type = 'bills.created'`,
    )
    expect(rows[0].fields).toMatchObject([
      { name: 'bill', type: 'integer' },
      { name: 'moods', type: 'own.mood[]', array: true, values: ['good', 'bad'] },
      { name: 'note', type: 'text' },
    ])
    expect((await db.query('select who from own.callers')).rows).toEqual([])
    // Whatever its owner makes of the text, nothing but the name of a type is read from it.
    const { rows: kept } = await db.query(
      `select p.oid::regprocedure::text as name, prosrc from pg_proc p where proname ~ '^capture_[0-9]+_watch$' and prosrc like '%own.mood%'`,
    )
    const forged = kept[0].prosrc.replace('"own.mood[]"', '"int4; drop table own.callers --"')
    expect(forged).not.toBe(kept[0].prosrc)
    await as(
      owner,
      `create or replace function ${kept[0].name} returns json language sql immutable as $$${forged.replaceAll('$json$', '$json$')}$$`,
    )
    const again = await db.query(
      `select fields from outbox.event_types() where relation = 'own.bills' and type = 'bills.created'`,
    )
    expect(again.rows[0].fields[1]).toMatchObject({ name: 'moods', type: null })
    expect((await db.query('select from own.callers')).rows).toEqual([])
  })

  test('may watch it again, and end that', async () => {
    await db.query(`grant create on schema outbox to ${owner}`)
    await as(
      owner,
      `${table('own.bills')}; select outbox.watch('own.bills'); select outbox.watch('own.bills', type => 'bill.{operation}')`,
    )
    await write('own.bills')
    expect(await types()).toEqual(['bill.created', 'bill.updated'])
    await as(owner, `select outbox.unwatch('own.bills')`)
    const { rows } = await db.query(`select proname from pg_proc where proowner = $1::regrole`, [owner])
    expect(rows).toEqual([])
  })

  test('is told which right is missing, and with it the call succeeds', async () => {
    await as(owner, table('own.bills'))
    await expect(as(owner, `select outbox.watch('own.bills')`)).rejects.toThrow(
      `outbox.watch: rights are missing: GRANT CREATE ON SCHEMA outbox TO ${owner};`,
    )
    await db.query(`grant create on schema outbox to ${owner}`)
    await as(owner, `select outbox.watch('own.bills')`)
  })

  test('is told so too where PUBLIC has lost its rights, and grant_watching() gives all of them', async () => {
    await as(owner, table('own.bills'))
    await db.query(
      `revoke all on all functions in schema outbox from public; grant execute on function outbox.watch to ${owner}`,
    )
    await expect(as(owner, `select outbox.watch('own.bills')`)).rejects.toThrow(
      `rights are missing: SELECT outbox.grant_watching('${owner}')`,
    )
    await db.query(
      `grant execute on function outbox.missing_rights, outbox.check_watchable, outbox.captures, outbox.watching_functions to ${owner}`,
    )
    await expect(as(owner, `select outbox.watch('own.bills')`)).rejects.toThrow(
      /GRANT CREATE ON SCHEMA outbox TO .*GRANT EXECUTE ON FUNCTION .*compile_watch.*late_capture/,
    )
    await db.query(`revoke usage on schema outbox from public; select outbox.grant_watching('${owner}')`)
    await as(owner, `select outbox.watch('own.bills')`)
    await write('own.bills')
    expect(await types()).toEqual(['bills.created', 'bills.updated'])
  })

  test('gives the expressions no more rights than it has', async () => {
    await db.query(`grant create on schema outbox to ${owner}`)
    await as(owner, table('own.bills'))
    await expect(
      as(
        owner,
        `select outbox.watch('own.bills', fields => '{"n": "(SELECT count(*) FROM outbox.endpoints)"}')`,
      ),
    ).rejects.toThrow('permission denied for table endpoints')
    await as(
      owner,
      `select outbox.watch('own.bills', fields => '{"who": "current_user::text", "id": "NEW.id"}')`,
    )
    await write('own.bills')
    const { rows } = await db.query(`select data->>'who' as who from outbox.events where type like 'bills.%'`)
    expect(rows).toEqual([{ who: owner }, { who: owner }])
  })
})

test('the owner of the outbox watches somebody else’s table with the rights of that table’s owner', async () => {
  await freshSchema()
  await as(owner, table('own.bills'))
  await db.query(`select outbox.watch('own.bills', fields => '{"who": "current_user::text"}')`)
  await write('own.bills')
  const { rows } = await db.query(`select data from outbox.events`)
  expect(rows).toEqual([{ data: { who: owner } }, { data: { who: owner } }])
  expect(await drift()).toEqual([])
  await expect(as(owner, 'create function outbox.mine() returns int return 1')).rejects.toThrow(
    /permission denied/,
  )
})

const harms: [string, (names: { owner: string; writer: string; other: string }) => string][] = [
  ['nobody may use the schema', ({ owner }) => `revoke all on schema outbox from public, ${owner}`],
  ['nobody may call record()', () => 'revoke execute on function outbox.record from public'],
  ['nobody may call any function', () => 'revoke execute on all functions in schema outbox from public'],
  ['the table gets another owner', ({ other }) => `alter table own.bills owner to ${other}`],
  ['everything of its owner is reassigned', ({ owner, other }) => `reassign owned by ${owner} to ${other}`],
  ['the events get another owner', ({ other }) => `alter table outbox.events owner to ${other}`],
  ['the fan-out gets another owner', ({ other }) => `alter table outbox.fanout owner to ${other}`],
  ['record() gets another owner', ({ other }) => `alter function outbox.record owner to ${other}`],
  [
    'one helper of the trigger gets another owner, and is closed',
    ({ other }) =>
      `alter function outbox.must_notify owner to ${other}; revoke all on function outbox.must_notify from public`,
  ],
  [
    'the functions that capture get another owner',
    ({ other }) =>
      `do $$ declare f regprocedure; begin
         for f in select oid from pg_proc where proname ~ '^capture_\\d+_' loop execute format('alter function %s owner to ${other}', f); end loop;
       end $$`,
  ],
  [
    'the functions that capture may be called by nobody',
    ({ owner }) => `revoke all on all functions in schema outbox from public, ${owner}`,
  ],
  ['default privileges give nothing', () => 'alter default privileges revoke all on functions from public'],
  [
    'the writer has a search_path of its own',
    ({ writer }) =>
      `create schema evil authorization ${writer}; create function evil.currval(text) returns bigint return 1;
       create table evil.events (); set search_path = evil, pg_catalog`,
  ],
]

/** The tests' own server has one superuser, from whom nothing can be taken away. */
async function migratedByPlainRole(): Promise<{ admin: pg.Client; outbox: string }> {
  const database = await freshDatabase({ empty: true })
  const admin = await database.connect()
  const outbox = await createRole(admin, 'outbox')
  await admin.query(
    `alter role ${outbox} login createrole; do $$ begin execute format('grant create on database %I to ${outbox}', current_database()); end $$`,
  )
  const url = new URL(database.url)
  url.username = outbox
  await migrate(url.href)
  return { admin, outbox }
}

describe.each([
  ['a table of another owner', { isOthers: true, isPlain: false }],
  ['a table of another owner, beside an outbox of a plain role', { isOthers: true, isPlain: true }],
  ['a table of the plain role that owns the outbox', { isOthers: false, isPlain: true }],
])('the writer of %s', (_, { isOthers, isPlain }) => {
  let shared: { db: pg.Client; holder: string; writer: string; other: string }
  beforeAll(async () => {
    const plain = isPlain ? await migratedByPlainRole() : null
    db = plain?.admin ?? (await (await freshDatabase()).connect())
    writer = await createRole(db, 'writer')
    const holder = isOthers ? await createRole(db, 'owner') : plain!.outbox
    const other = await createRole(db, 'other')
    await db.query(`
      create schema own authorization ${holder}; grant usage on schema own to ${writer};
      ${table('own.bills')}; alter table own.bills owner to ${holder}; select outbox.watch('own.bills');
      create function own.is_big(n int) returns boolean language plpgsql as $$ begin return n > 0; end $$;
      alter function own.is_big owner to ${holder}`)
    await write('own.bills')
    shared = { db, holder, writer, other }
  })
  beforeEach(async () => {
    ;({ db, writer } = shared)
    await db.query('begin')
  })
  afterEach(() => shared.db.query('rollback; reset role; reset search_path; discard plans'))

  test.each(harms)('commits after: %s', async (_, harm) => {
    await db.query(harm({ owner: shared.holder, writer, other: shared.other }))
    await write('own.bills')
    await db.query('discard plans')
    await write('own.bills')
    await db.query('reset search_path')
    expect((await db.query('select count(*)::int as n from own.bills')).rows).toEqual([{ n: 3 }])
    const captured = (await types()).filter(type => type.startsWith('bills.'))
    // What was lost is said, with the call that brings the rest.
    if (captured.length < 6) expect((await drift()).join(), captured.join()).toMatch(/GRANT|repair/)
  })

  test('commits when its condition calls a function that is closed to it', async () => {
    await db.query(`select outbox.watch('own.bills', condition => 'own.is_big(NEW.id)')`)
    await db.query(`revoke all on function own.is_big from public`)
    await write('own.bills')
    expect(await types()).toEqual(['bills.created', 'bills.updated', 'bills.created', 'bills.updated'])
    expect(await drift()).toEqual([])
  })
})

test('options that another role wrote are not compiled with the rights of the outbox’s owner', async () => {
  await freshSchema()
  await db.query(`grant create on schema outbox to ${owner}`)
  await as(owner, `${table('own.bills')}; select outbox.watch('own.bills')`)
  await as(
    owner,
    `do $$ begin execute (select replace(pg_get_functiondef(oid), '"operations" : ["insert"', '"operations" : ["insert on own.bills execute function f(); create table public.stolen ()"')
       from pg_proc where prosrc like '%own.bills%' and proname ~ '_watch$'); end $$`,
  )
  const { rows } = await db.query(
    `select relation::text, recompiled from outbox.recompile_watches() where relation = 'own.bills'::regclass`,
  )
  expect(rows).toEqual([{ relation: 'own.bills', recompiled: false }])
  await db.query('select outbox.repair()')
  expect((await db.query(`select to_regclass('public.stolen') as stolen`)).rows).toEqual([{ stolen: null }])
})

test('the catalogue lists fields that another role wrote without running them', async () => {
  await freshSchema()
  await db.query(`grant create on schema outbox to ${owner}`)
  await as(
    owner,
    `${table('own.bills')};
     create function own.steal(n int) returns int language plpgsql as $$ begin create table public.stolen (); return n; end $$;
     select outbox.watch('own.bills', fields => '{"n": "own.steal(NEW.id)"}')`,
  )
  const { rows } = await db.query(
    `select type, fields->0->>'name' as field, fields->0->>'type' as of from outbox.event_types() where relation = 'own.bills' order by 1 limit 1`,
  )
  expect(rows).toEqual([{ type: 'bills.created', field: 'n', of: null }])
  expect((await db.query(`select to_regclass('public.stolen') as stolen`)).rows).toEqual([{ stolen: null }])
})
