// `outbox migrate` and `outbox uninstall`: what they say and change, and what they refuse.
import { appendFileSync, cpSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { expect, test } from 'vitest'
import { migrateProduct, sqlFolder } from '../../cli/migrate/product.ts'
import { completeScript } from '../../cli/migrate/script.ts'
import { schemaVersion } from '../../drizzle/schema-version.gen.ts'
import { freshDatabase } from '../support/database.ts'
import { dumpDatabase } from '../support/dump.ts'
import { temporaryDirectory } from '../support/server.ts'
import { outbox } from './command.ts'

const at = (url: string) => ['--database-url', url]

/** Without the times of the two journals. */
const dump = async (client: pg.Client) =>
  (await dumpDatabase(client)).replace(/\d{4}-\d\d-\d\d[ T][\d:.]+(\+\d\d(:\d\d)?)?/g, 'TIME')

test('it says from which version to which, and the second time that there is nothing to do', async () => {
  const { url } = await freshDatabase({ empty: true })
  const first = outbox(['migrate', ...at(url)])
  expect(first).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('next: SELECT outbox.watch') })
  expect(first.stdout).toMatch(/^applied migrations\/0000_tables.sql$/m)
  expect(first.stdout).toMatch(new RegExp(`^the schema outbox was made, at version ${schemaVersion}$`, 'm'))
  expect(outbox(['migrate', ...at(url)]).stdout).toBe(
    `the schema outbox is at version ${schemaVersion}: nothing to do\n`,
  )
  expect(JSON.parse(outbox(['migrate', '--json', ...at(url)]).stdout)).toMatchObject({
    from: schemaVersion,
    to: schemaVersion,
    migrations: [],
    created: [],
  })
})

test('--dry-run prints what would run and changes nothing; run by hand, it makes the same', async () => {
  const [db, twin] = [await freshDatabase({ empty: true }), await freshDatabase({ empty: true })]
  const [client, other] = [await db.connect(), await twin.connect()]
  const before = await dump(client)
  const { stdout, stderr } = outbox(['migrate', '--dry-run', ...at(db.url)])
  expect(stderr).toMatch(/would go from no schema to \d+, with \d+ files; nothing was changed/)
  expect(await dump(client)).toBe(before)
  await client.query(stdout)
  await migrateProduct(twin.url)
  expect(await dump(client)).toBe(await dump(other))
  expect(outbox(['migrate', '--dry-run', ...at(db.url)])).toMatchObject({ exitCode: 0, stdout: '' })
})

test('the script of --sql makes the same in an empty database, and changes nothing where all is there', async () => {
  const [db, twin] = [await freshDatabase({ empty: true }), await freshDatabase({ empty: true })]
  const [client, other] = [await db.connect(), await twin.connect()]
  const { stdout } = outbox(['migrate', '--sql'])
  expect(stdout).toBe(completeScript())
  await client.query(stdout)
  await migrateProduct(twin.url)
  const made = await dumpDatabase(client)
  expect(await dump(client)).toBe(await dump(other))
  await client.query(stdout)
  expect(await dumpDatabase(client)).toBe(made)
})

test('the script of --sql brings an older database to this version, its watches too', async () => {
  const db = await freshDatabase()
  const client = await db.connect()
  const root = join(temporaryDirectory(), 'drizzle')
  cpSync(sqlFolder, root, { recursive: true })
  appendFileSync(join(root, 'functions/capture_body.sql'), '\n-- As it was before.\n')
  await migrateProduct(db.url, { root })
  const generated = `select max(oid::int) from pg_proc where proname ~ '^capture_\\d+_' having true`
  const read = async () =>
    (await client.query(`select xmin::text from pg_proc where proname ~ '^capture_\\d+_'`)).rows
  const before = await read()
  expect((await client.query(generated)).rows[0].max).not.toBeNull()
  await client.query(completeScript())
  expect(await read()).not.toEqual(before)
  expect((await migrateProduct(db.url)).product).toMatchObject({ migrations: [], created: [], replaced: [] })
})

test('a newer schema is refused and stays as it is, unless the functions of this version are asked for', async () => {
  const db = await freshDatabase()
  const client = await db.connect()
  await client.query(
    `create or replace function outbox.schema_version(out version int, out works_with int) language sql immutable as 'select 1000, 1000';
     update outbox.function_files set sha256 = 'newer' where name = 'functions/schema_version.sql'`,
  )
  const refused = outbox(['migrate', ...at(db.url)])
  expect(refused).toMatchObject({ exitCode: 5, stdout: '' })
  expect(refused.stderr).toContain('The schema outbox is at 1000, and this command brings it to')
  await expect(client.query(completeScript())).rejects.toThrow('is newer than version')
  await client.query('rollback')
  expect(outbox(['migrate', '--downgrade', ...at(db.url)]).stdout).toContain(
    `the schema outbox went from 1000 to ${schemaVersion}`,
  )
})

test('a table that is locked for too long makes it give up: exit code 5, and nothing was changed', async () => {
  const db = await freshDatabase({ empty: true })
  await migrateProduct(db.url)
  const client = await db.connect()
  await client.query(`update outbox.function_files set sha256 = 'old'`)
  await client.query('begin; lock table outbox.endpoint_health')
  const { exitCode, stdout, stderr } = outbox(['migrate', ...at(db.url)])
  expect([exitCode, stdout]).toEqual([5, ''])
  expect(stderr).toMatch(/lock timeout.*Nothing was changed\.\n$/)
  await client.query('rollback')
})

test('uninstalling asks for --yes where nobody can answer, and removes everything with it', async () => {
  const db = await freshDatabase({ empty: true })
  const client = await db.connect()
  await client.query('create table orders (id int primary key)')
  const before = await dumpDatabase(client)
  await migrateProduct(db.url)
  await client.query(`select outbox.watch('orders')`)
  const refused = outbox(['uninstall', ...at(db.url)])
  expect(refused).toMatchObject({ exitCode: 5, stdout: '', stderr: expect.stringContaining('use --yes') })
  const { exitCode, stdout } = outbox(['uninstall', '--yes', ...at(db.url)])
  expect([exitCode, stdout.split('\n').slice(0, 2)]).toEqual([
    0,
    ['unwatched orders', 'removed the schema outbox'],
  ])
  expect(await dumpDatabase(client)).toBe(before)
})

test('uninstalling is refused while a view of the application uses the outbox, and names it', async () => {
  const db = await freshDatabase({ empty: true })
  await migrateProduct(db.url)
  await (await db.connect()).query('create view public.recent as select id, type from outbox.events')
  const { exitCode, stdout, stderr } = outbox(['uninstall', '--yes', ...at(db.url)])
  expect([exitCode, stdout]).toEqual([5, ''])
  expect(stderr).toContain('on public.recent')
})
