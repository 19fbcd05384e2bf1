// One truth for SQL: each function, procedure and trigger of the database stands once in drizzle/, and nothing else does.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'

const root = join(import.meta.dirname, '../../drizzle')

interface Definition {
  name: string
  file: string
}

/** Every `create [or replace] function outbox.emit`, wherever it stands. */
function definitions(kind: 'function|procedure' | 'trigger'): Definition[] {
  const pattern = new RegExp(`^create (?:or replace )?(?:${kind}) (?:\\w+\\.)?(\\w+)`, 'gim')
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.sql') && file !== 'schema.sql')
    .flatMap(file =>
      [...readFileSync(join(root, file), 'utf8').matchAll(pattern)].map(match => ({
        name: match[1]!,
        file: relative('.', file),
      })),
    )
}

test('each function stands once, in a file of its name, and the database has the same ones', async () => {
  const client = await (await freshDatabase()).connect()
  const { rows } = await client.query(
    `select proname from pg_proc
     where pronamespace in ('outbox'::regnamespace, 'public'::regnamespace) and proname !~ '^capture_\\d+_' order by 1`,
  )
  const found = definitions('function|procedure')
  expect(found.map(({ name }) => name).sort()).toEqual(rows.map(row => row.proname))
  for (const { name, file } of found) expect(file).toMatch(new RegExp(`functions/${name}\\.sql$`))
})

test('each trigger stands once, beside its function, and the database has the same ones', async () => {
  const client = await (await freshDatabase()).connect()
  const { rows } = await client.query(
    `select t.tgname, p.proname from pg_trigger t join pg_proc p on p.oid = tgfoid
     where not tgisinternal and tgname !~ '^00_outbox_' order by 1`,
  )
  const found = definitions('trigger').sort((a, b) => (a.name < b.name ? -1 : 1))
  expect(found.map(({ name }) => name)).toEqual(rows.map(row => row.tgname))
  for (const [i, { file }] of found.entries()) expect(file).toMatch(`functions/${rows[i].proname}.sql`)
})

test('each function file can be applied to a database that has it already', () => {
  const once = readdirSync(join(root, 'functions'))
    .filter(file => file.endsWith('.sql'))
    .filter(file => /^create (?!or replace )/im.test(readFileSync(join(root, 'functions', file), 'utf8')))
  expect(once).toEqual([])
})

test('the mark "compiles watches" is on every function that compiling a watch calls, and on no other', async () => {
  const db = await freshDatabase()
  const [owner, client] = [await db.connect(), await db.connect()]
  const lines = readFileSync(join(root, 'functions/order.txt'), 'utf8').split('\n')
  const marked = lines.filter(line => line.endsWith('compiles watches')).map(line => line.split(' ')[0]!)
  await owner.query(`
    create table public.sample (id int, at timestamptz, total int, primary key (id, at));
    select outbox.watch('public.sample', condition => 'NEW.total > 0')`)
  await client.query(`set track_functions = 'all'; begin`)
  await client.query('select from outbox.recompile_watches()')
  const { rows } = await client.query(
    `select funcname from pg_stat_xact_user_functions where funcname !~ '^capture_\\d|^recompile_watches$'`,
  )
  await client.query('rollback')
  expect(rows.map(row => row.funcname).sort()).toEqual(marked.sort())
})
