// Capture of a watched table: however rows change, applying the events to the old table gives the new one.
import type pg from 'pg'
import { beforeEach, expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'

let db: pg.Client
beforeEach(async () => {
  db = await (await freshDatabase()).connect()
  await db.query(`create table parent (id int primary key)`)
  await db.query(
    `create table stock (id int primary key, parent int references parent on delete cascade on update cascade, n int, note text)`,
  )
  await db.query(`insert into parent select generate_series(1, 10)`)
  await db.query(`insert into stock select id, id % 10 + 1, 0, 'x' from generate_series(1, 10000) as id`)
  await db.query(`select outbox.watch('stock')`)
})

test.each([
  ['an UPDATE of 10,000 rows', `update stock set n = n + 1`, 10_000],
  ['an UPDATE that changes some of them', `update stock set n = case when id <= 100 then 1 else n end`, 100],
  ['COPY', `copy stock (id) from program 'seq 20001 21000'`, 1_000],
  [
    'MERGE',
    `merge into stock using (select id, id % 3 as n from generate_series(9001, 12000) as id) as s on s.id = stock.id
     when matched and s.n = 0 then delete
     when matched and s.n = 1 then update set n = 7
     when matched then do nothing
     when not matched then insert values (s.id, 1, s.n, 'new')`,
    333 + 334 + 2_000,
  ],
  [
    'an upsert',
    `insert into stock (id, n) select id, 5 from generate_series(9501, 10500) as id
     on conflict (id) do update set n = excluded.n where stock.id % 2 = 0`,
    250 + 500,
  ],
  ['a cascading delete', `delete from parent where id <= 2`, 2_000],
  ['a cascading update', `update parent set id = 100 where id = 1`, 1_000],
  [
    'a key that moves to another row and back',
    `begin; update stock set id = -1 where id = 1; update stock set id = 1 where id = 2; update stock set id = 2 where id = -1; commit`,
    3,
  ],
  [
    'a subtransaction that is swallowed',
    `do $$ begin
       update stock set n = 1 where id = 1;
       begin
         update stock set n = 2 where id <= 50;
         raise exception 'no';
       exception when others then
         update stock set n = 3 where id = 1;
       end;
     end $$`,
    2,
  ],
  [
    'a trigger of the application that changes the row again',
    `create function twice() returns trigger language plpgsql as $$ begin update stock set note = 'touched' where id = new.id; return null; end $$;
     create trigger a_touch after update of n on stock for each row execute function twice();
     update stock set n = 9 where id <= 3`,
    6,
  ],
])('%s', async (_, statement, events) => {
  const before = await rows()
  await db.query(statement)
  expect(await played(before)).toEqual({ table: await rows(), events })
})

test('a change that is rolled back, wholly or to a savepoint, makes no event', async () => {
  const before = await rows()
  await db.query(`begin; update stock set n = 1; rollback`)
  await db.query(
    `begin; update stock set n = 2 where id = 1; savepoint s; delete from stock; rollback to s; commit`,
  )
  expect(await played(before)).toEqual({ table: await rows(), events: 1 })
})

test('TRUNCATE makes one event, also through a foreign key', async () => {
  await db.query('truncate parent cascade')
  expect((await db.query('select type, key, data from outbox.events')).rows).toEqual([
    {
      type: 'stock.truncated',
      key: null,
      data: { table: 'public.stock', operation: 'truncate', new: null, old: null, changed: null },
    },
  ])
})

type Row = { id: number }

async function rows(): Promise<Map<number, Row>> {
  const found = await db.query<{ row: Row }>('select to_json(stock) as row from stock')
  return new Map(found.rows.map(({ row }) => [row.id, row]))
}

/** Each event must begin where the one before it has left the row. */
async function played(table: Map<number, Row>) {
  const { rows: events } = await db.query<{ data: { old: Row | null; new: Row | null } }>(
    `select data from outbox.events order by id`,
  )
  for (const { data } of events) {
    if (data.old) {
      expect(table.get(data.old.id)).toEqual(data.old)
      table.delete(data.old.id)
    }
    if (data.new) table.set(data.new.id, data.new)
  }
  return { table, events: events.length }
}
