// An update makes an event only if it changes something that the event shows, also after ALTER TABLE.
import type pg from 'pg'
import { beforeEach, describe, expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'

let db: pg.Client
beforeEach(async () => {
  db = await (await freshDatabase()).connect()
  await db.query(
    `create table fill (id int primary key, note text, n int); insert into fill select i, 'x', i from generate_series(1, 100) as i`,
  )
})

const events = async () =>
  (await db.query('select data from outbox.events order by id')).rows.map(row => row.data)

describe('makes no event:', () => {
  test.each([
    ['filling a new column', '', 'alter table fill add region text', `update fill set region = 'eu'`],
    [
      'filling a new column, where the data is fields',
      `, fields => '{"note": "NEW.note"}'`,
      'alter table fill add region text',
      `update fill set region = 'eu'`,
    ],
    [
      'filling a new column, where the data is one expression',
      `, data => 'NEW.note'`,
      'alter table fill add region text',
      `update fill set region = 'eu'`,
    ],
    [
      'a new generated column that changes alone',
      `, columns => '{id,note}'`,
      'alter table fill add twice int generated always as (n * 2) stored',
      'update fill set n = n + 1',
    ],
    [
      'a new virtual column that changes with one that is not shown',
      `, except_columns => '{n}'`,
      'alter table fill add twice int generated always as (n * 2) virtual',
      'update fill set n = n + 1',
    ],
    [
      'a new column, after another was dropped',
      '',
      `alter table fill drop column n; select outbox.watch('fill'); alter table fill add region text`,
      `update fill set region = 'eu'`,
    ],
    [
      'a new column that is written and renamed',
      '',
      'alter table fill add r text; alter table fill rename r to region',
      `update fill set region = 'eu'`,
    ],
    [
      'a column that is shown as null in a shown virtual one',
      `, columns => '{id}'`,
      'select 1',
      'update fill set n = 0',
    ],
  ])('%s', async (_, option, alter, update) => {
    await db.query(`select outbox.watch('fill'${option})`)
    await db.query(alter)
    await db.query(update)
    expect(await events()).toEqual([])
    await db.query(`update fill set id = -id where id = 1`)
    expect(await events()).toHaveLength(1)
  })

  test('an update of a table with partitions that were given a column', async () => {
    await db.query(`
      create table parts (id int primary key, note text) partition by list (id);
      create table parts1 partition of parts for values in (1);
      select outbox.watch('parts'); insert into parts values (1, 'x');
      alter table parts add region text; update parts set region = 'eu'`)
    expect(await events()).toHaveLength(1)
  })
})

test('what when_changed names makes an event, although the data does not show it', async () => {
  await db.query(
    `select outbox.watch('fill', columns => '{id,note}', when_changed => '{n}'); update fill set n = 0 where id = 1`,
  )
  expect(await events()).toMatchObject([{ changed: [] }])
})

test('a shown generated column makes an event when it changes, stored or virtual', async () => {
  await db.query(`
    alter table fill add kept int generated always as (n * 2) stored;
    alter table fill add seen int generated always as (n / 10) virtual;
    select outbox.watch('fill', columns => '{id,seen}');
    update fill set n = 9 where id = 5; update fill set n = 10 where id = 5`)
  expect(await events()).toMatchObject([{ changed: ['seen'], old: { seen: 0 }, new: { seen: 1 } }])
  await db.query(
    `truncate outbox.events; select outbox.watch('fill', columns => '{id,kept}'); update fill set n = 11 where id = 5`,
  )
  expect(await events()).toMatchObject([{ changed: ['kept'], new: { kept: 22 } }])
})
