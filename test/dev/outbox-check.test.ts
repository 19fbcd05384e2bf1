// The check of published payloads, on a real database and a real file.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { checkCatalogue, readOptions } from '../../dev/outbox-check.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'

const dir = mkdtempSync(join(tmpdir(), 'outbox-check-'))
const file = join(dir, 'catalogue.json')
afterAll(() => rmSync(dir, { recursive: true }))

let database: TestDatabase
let db: pg.Client
beforeEach(async () => {
  database = await freshDatabase()
  db = await database.connect()
  await db.query(`create type mood as enum ('sad', 'glad')`)
  await db.query(`create table people (id int primary key, name text, feels mood, moods mood[], email text)`)
  await db.query(`select outbox.watch('people', except_columns => '{email}')`)
  expect((await checkCatalogue(database.url, { file, write: true })).ok).toBe(true)
})
const check = () => checkCatalogue(database.url, { file, write: false })

test('outbox:check accepts the catalogue that it has just written', async () => {
  expect(await check()).toEqual({
    ok: true,
    text: expect.stringMatching(/^all \d+ published event types are unchanged$/),
  })
})

test.each([
  [
    'a dropped column',
    `alter table people drop column name cascade`,
    'people.created: new: name can no longer be read',
  ],
  [
    'a column with another type',
    `select outbox.unwatch('people'); alter table people alter column name type int using 1; select outbox.watch('people', except_columns => '{email}')`,
    'people.updated: old: name was {"type":["string","null"]} and is {"type":["integer","null"]}',
  ],
  [
    'a column that is now left out',
    `select outbox.watch('people', except_columns => '{email,name}')`,
    'people.created: new: name is gone',
  ],
  [
    'a table that is no longer watched',
    `select outbox.unwatch('people')`,
    'people.created can no longer be produced',
  ],
  [
    "a column with another type inside a field's expression",
    `select outbox.unwatch('orders'); alter table orders alter column client_id type text;
     select outbox.watch('orders', operations => '{insert}', type_sql => $$'order.' || NEW.status$$,
       possible_types => '{order.created,order.shipped,order.backorder,order.canceled}',
       fields => '{"order_id": "NEW.id", "client_id": "NEW.client_id", "status": "NEW.status", "previous_status": "OLD.status", "item_ids": "ARRAY(SELECT 1::bigint)"}')`,
    'order.shipped: client_id was',
  ],
])('outbox:check fails for %s', async (_, migration, sentence) => {
  await db.query('alter table orders drop constraint orders_client_id_clients_id_fk')
  await db.query(migration)
  const { ok, text } = await check()
  expect(ok).toBe(false)
  expect(text).toContain(sentence)
})

test.each([
  ['a new table', `create table pets (id int primary key); select outbox.watch('pets')`, 'pets.created'],
  [
    'a new column',
    `alter table people add age int; select outbox.watch('people', except_columns => '{email}')`,
    'people.created',
  ],
  ['a new label of an enum', `alter type mood add value 'calm'`, 'people.created'],
])('outbox:check accepts %s, and reports that it is not published', async (_, migration, type) => {
  for (const statement of migration.split('; ')) await db.query(statement)
  expect(await check()).toEqual({ ok: true, text: expect.stringContaining(type) })
})

test("the example's published file is what its migrations produce", async () => {
  const fresh = await freshDatabase()
  await checkCatalogue(fresh.url, { file, write: true })
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(
    JSON.parse(readFileSync(join(import.meta.dirname, '../../functions/shop/outbox-catalogue.json'), 'utf8')),
  )
})

test('the file is in the project, unless --file names another', () => {
  const root = join(import.meta.dirname, '../..')
  expect(readOptions([])).toEqual({ write: false, file: join(root, 'outbox-catalogue.json') })
  expect(readOptions(['--write', '--file', 'mine/types.json'])).toEqual({
    write: true,
    file: join(root, 'mine/types.json'),
  })
  expect(readOptions(['--file', '/tmp/types.json']).file).toBe('/tmp/types.json')
})

test('without a file it fails, and says how to publish one', async () => {
  const missing = join(dir, 'missing.json')
  expect(await checkCatalogue(database.url, { file: missing, write: false })).toEqual({
    ok: false,
    text: `nothing is published in ${missing} yet: publish with --write, or name another --file`,
  })
})
