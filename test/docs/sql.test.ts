// docs/capture.md and docs/roles.md keep their word: their SQL runs as printed, and their tables name what there is.
import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { codeBlocks, readPage, section } from './pages.ts'

const capture = readPage('docs/capture.md')

test('the SQL about capture runs in the order it is printed, and makes the events it promises', async () => {
  const database = await freshDatabase()
  const db = await database.connect()
  for (const block of codeBlocks(capture, 'sql')) await db.query(block)
  const { rows } = await db.query('select type, key, data::text from outbox.events order by id')
  expect(rows).toMatchObject([
    { type: 'invoices.created', key: 'invoices/1' },
    { type: 'invoices.updated', key: 'invoices/1', data: codeBlocks(capture, 'json')[0] },
    { type: 'invoice.reminded', key: 'invoices/1' },
  ])
})

test('the table of options has every option of outbox.watch(), and no other', async () => {
  const database = await freshDatabase()
  const db = await database.connect()
  const { rows } = await db.query(
    `select proargnames[2:] as options from pg_proc where oid = 'outbox.watch'::regproc`,
  )
  const lines = section(capture, 'Watch what matters').match(/^\| `.*$/gm)!
  const printed = lines.flatMap(line => line.split('|')[1]!.match(/(?<=`)\w+(?=`)/g)!)
  expect(printed.sort()).toEqual(rows[0].options.sort())
})

test('the users of the page on roles can be made, and are members of our roles', async () => {
  const database = await freshDatabase()
  const db = await database.connect()
  await db.query('begin') // roles belong to the whole server
  for (const block of codeBlocks(readPage('docs/roles.md'), 'sql')) await db.query(block)
  const { rows } = await db.query(
    `select member::regrole::text, roleid::regrole::text as role from pg_auth_members
     where roleid in ('outbox_functions'::regrole, 'outbox_listener'::regrole)
       and member in (select oid from pg_roles where rolcanlogin) and xmin = pg_current_xact_id()::xid
     order by member::regrole::text`,
  )
  expect(rows).toEqual([
    { member: 'outbox_functions_login', role: 'outbox_functions' },
    { member: 'outbox_listener_login', role: 'outbox_listener' },
  ])
  await db.query('rollback')
})
