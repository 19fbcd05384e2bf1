// psql, and nothing else: the schema comes from `outbox migrate --sql`, the project's migrations are files of SQL.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { outbox } from '../cli/command.ts'
import { freshDatabase } from '../support/database.ts'
import { temporaryDirectory } from '../support/server.ts'

const isInstalled = spawnSync('psql', ['--version']).status === 0

// Without psql, test/cli/migrate.test.ts runs the same script through pg.
test.skipIf(!isInstalled)(
  'psql runs the script of outbox migrate --sql between migrations of its own',
  async () => {
    const { url, connect } = await freshDatabase({ empty: true })
    const folder = temporaryDirectory()
    const files: Record<string, string> = {
      '1_orders.sql': `create table orders (id int primary key, status text)`,
      '2_outbox.sql': outbox(['migrate', '--sql']).stdout,
      '3_watch.sql': `select outbox.watch('orders')`,
      '4_note.sql': `alter table orders add note text; select outbox.watch('orders')`,
      '5_change.sql': `insert into orders values (1, 'new', 'x')`,
    }
    for (const [name, sql] of Object.entries(files)) writeFileSync(join(folder, name), sql)
    const psql = (...names: string[]) => {
      const flags = ['-X', '-q', '--single-transaction', '-v', 'ON_ERROR_STOP=1', '-d', url]
      const { status, stderr } = spawnSync('psql', [...flags, ...names.flatMap(name => ['-f', name])], {
        cwd: folder,
        encoding: 'utf8',
      })
      expect(status, stderr).toBe(0)
    }
    psql(...Object.keys(files))
    psql('2_outbox.sql') // an upgrade to the same version
    const client = await connect()
    const { rows } = await client.query(`select type, data->'new'->>'note' as note from outbox.events`)
    expect(rows).toEqual([{ type: 'orders.created', note: 'x' }])
  },
)
