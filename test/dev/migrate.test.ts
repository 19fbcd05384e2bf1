// The migrator: what it makes, what it applies again, and two of them at once.
import { appendFileSync, cpSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { migrate } from '../../dev/migrate.ts'
import { freshDatabase } from '../support/database.ts'
import { temporaryDirectory } from '../support/server.ts'

const nothing = { migrations: [], created: [], replaced: [], recompiled: [], keptOld: [] }

/** drizzle/, to be changed. */
function copyOfSql(): string {
  const root = join(temporaryDirectory(), 'drizzle')
  cpSync(join(import.meta.dirname, '../../drizzle'), root, { recursive: true })
  return root
}

test('without --example it makes the schema outbox and nothing else', async () => {
  const db = await freshDatabase({ empty: true })
  const client = await db.connect()
  const outside = async () => {
    const { rows } = await client.query(
      `select o.type, o.identity from pg_depend d
       cross join lateral pg_identify_object(d.classid, d.objid, d.objsubid) o
       where d.objid >= 16384 and o.schema is distinct from 'outbox' and o.identity !~ '\\moutbox\\.' and o.schema !~ '^pg_toast'
       union select 'schema', nspname from pg_namespace where oid >= 16384`,
    )
    return rows
  }
  expect(await outside()).toEqual([])
  const { product, example } = await migrate(db.url)
  expect(product.migrations).toEqual(['migrations/0000_tables.sql'])
  expect(product.created).toContain('functions/emit.sql')
  expect(example).toBe(null)
  expect(await outside()).toEqual([{ type: 'schema', identity: 'outbox' }])
  const tables = `select from pg_class where relnamespace = 'public'::regnamespace`
  expect((await client.query(tables)).rowCount).toBe(0)

  await migrate(db.url, { example: true })
  expect((await client.query(tables)).rowCount).toBeGreaterThan(9)
})

test('two at once take turns, and the second has nothing to do', async () => {
  const db = await freshDatabase({ empty: true })
  const both = await Promise.all([migrate(db.url), migrate(db.url)])
  const [first, second] = both
    .map(({ product }) => product)
    .sort((a, b) => b.created.length - a.created.length)
  expect(first!.migrations).toEqual(['migrations/0000_tables.sql'])
  expect(second).toEqual(nothing)
})

describe('a function file', () => {
  test('is applied again when a comment in it changes, and no other is', async () => {
    const db = await freshDatabase()
    const root = copyOfSql()
    expect(await migrate(db.url, { example: true, root })).toMatchObject({
      product: nothing,
      example: nothing,
    })
    appendFileSync(join(root, 'functions/explain.sql'), '\n-- Changed.\n')
    const { product, example } = await migrate(db.url, { example: true, root })
    expect(product).toEqual({ ...nothing, replaced: ['functions/explain.sql'] })
    expect(example).toEqual(nothing)
    expect(await migrate(db.url, { root })).toMatchObject({ product: nothing })
  })

  test('that decides what a watch generates changes the watches too', async () => {
    const db = await freshDatabase()
    const client = await db.connect()
    const root = copyOfSql()
    const file = join(root, 'functions/capture_body.sql')
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace(
        'IF pg_catalog.current_setting',
        '-- New.\n  IF pg_catalog.current_setting',
      ),
    )
    const { product } = await migrate(db.url, { root })
    expect(product).toEqual({ ...nothing, replaced: ['functions/capture_body.sql'], recompiled: ['orders'] })
    const { rows } = await client.query(
      `select regexp_replace(proname, '\\d+', '1') as proname from pg_proc
       where prosrc like '%-- New.%' and proname ~ '^capture_\\d+_' order by 1`,
    )
    expect(rows.map(row => row.proname)).toEqual(['capture_1_insert', 'capture_1_update'])
    await client.query(`insert into clients (id, name, email) values (1, 'a', 'a@example.com')`)
    await client.query('insert into orders (client_id) values (1)')
    expect((await client.query('select type from outbox.events')).rows).toEqual([{ type: 'order.created' }])
  })

  test('of the example is applied again too', async () => {
    const db = await freshDatabase()
    const root = copyOfSql()
    appendFileSync(join(root, 'shop/functions/watch_orders.sql'), '\n-- Changed.\n')
    const { product, example } = await migrate(db.url, { example: true, root })
    expect(product).toEqual(nothing)
    expect(example).toEqual({ ...nothing, replaced: ['shop/functions/watch_orders.sql'] })
  })

  test('that Postgres refuses is named with its line, and nothing of the run stays', async () => {
    const db = await freshDatabase()
    const client = await db.connect()
    const root = copyOfSql()
    appendFileSync(join(root, 'functions/at.sql'), '\n-- Changed.\n')
    writeFileSync(join(root, 'functions/expire.sql'), 'SELECT 1;\n\nSELEKT 2;\n')
    const hashes = `select name, sha256 from outbox.function_files order by 1`
    const before = (await client.query(hashes)).rows
    await expect(migrate(db.url, { root })).rejects.toThrow(
      /functions\/expire\.sql:3: syntax error.*Nothing was changed\.$/,
    )
    expect((await client.query(hashes)).rows).toEqual(before)
  })

  test('that order.txt does not name stops the migrator, as does a name without a file', async () => {
    const db = await freshDatabase()
    const root = copyOfSql()
    renameSync(join(root, 'functions/expire.sql'), join(root, 'functions/expires.sql'))
    await expect(migrate(db.url, { root })).rejects.toThrow('does not say when to apply expires.sql')
    renameSync(join(root, 'functions/expires.sql'), join(root, 'functions/other.txt'))
    await expect(migrate(db.url, { root })).rejects.toThrow(/ENOENT.*expire\.sql/)
  })
})

test('a new migration is applied once, before the function files', async () => {
  const db = await freshDatabase()
  const root = copyOfSql()
  const journal = join(root, 'migrations/meta/_journal.json')
  const { entries, ...rest } = JSON.parse(readFileSync(journal, 'utf8'))
  writeFileSync(
    journal,
    JSON.stringify({ ...rest, entries: [...entries, { ...entries[0], idx: 1, tag: '0001_new' }] }),
  )
  writeFileSync(join(root, 'migrations/0001_new.sql'), 'DROP FUNCTION outbox.wake();')
  writeFileSync(
    join(root, 'functions/wake.sql'),
    'CREATE FUNCTION outbox.wake(why text) RETURNS void LANGUAGE sql RETURN NULL;',
  )
  const { product } = await migrate(db.url, { root })
  expect(product).toEqual({
    ...nothing,
    migrations: ['migrations/0001_new.sql'],
    replaced: ['functions/wake.sql'],
  })
  expect((await migrate(db.url, { root })).product).toEqual(nothing)
})
