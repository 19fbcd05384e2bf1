// node-pg-migrate in a project whose database has the outbox: migrations that watch a table go up and down, and change nothing
// else of ours.
import { expect, test } from 'vitest'
import { npmInstall } from '../package/tarball.ts'
import { slow, startProject } from './project.ts'

const cli = 'node-pg-migrate/bin/node-pg-migrate.js'

test('migrations go up, down and up again', slow, async () => {
  const project = await startProject({
    'package.json': '{ "type": "module" }',
    'migrations/1_note.sql':
      '-- Up Migration\nalter table orders add note text;\n-- Down Migration\nalter table orders drop note;\n',
    'migrations/2_invoices.sql':
      `-- Up Migration\ncreate table invoices (id int primary key);\nselect outbox.watch('invoices');\n` +
      `-- Down Migration\nselect outbox.unwatch('invoices');\ndrop table invoices;\n`,
  })
  npmInstall(project.folder, 'node-pg-migrate@9.0.0', 'pg@8.23.1')
  const migrate = async (...args: string[]) => {
    const { exitCode, said } = await project.run(cli, ...args)
    expect(exitCode, said).toBe(0)
  }
  const watched = async () =>
    (await project.client.query('select relation::text as name from outbox.watches order by 1')).rows.map(
      ({ name }) => name,
    )
  await migrate('up')
  expect(await watched()).toEqual(['invoices', 'orders'])
  await project.client.query('insert into invoices values (1)')
  expect((await project.client.query('select type from outbox.events')).rows).toEqual([
    { type: 'invoices.created' },
  ])
  await migrate('down', '2')
  await project.expectOutboxIntact()
  await migrate('up')
  expect(await watched()).toEqual(['invoices', 'orders'])
  const { rows } = await project.client.query('select name from pgmigrations order by id')
  expect(rows).toEqual([{ name: '1_note' }, { name: '2_invoices' }])
})
