// A logical copy of the outbox, as pg_dump and pg_restore would make it: the same rows in a database that was made anew.
import { join } from 'node:path'
import type pg from 'pg'
import { startGuard } from '../../dev/guard.ts'
import { migrate } from '../../dev/migrate.ts'
import { freePort } from '../../dev/ports.ts'
import { startPostgres } from '../../dev/postgres.ts'
import { atEnd } from './cleanup.ts'
import { withClient } from './client.ts'
import { temporaryDirectory } from './server.ts'

/** A server that initdb has made. The other servers of the tests are physical copies of one another. Returns a database's URL. */
export async function startOtherInstallation(port?: number): Promise<string> {
  const server = await startPostgres({
    dir: join(temporaryDirectory(), 'postgres'),
    port: port ?? (await freePort()),
    guard: startGuard(),
    settings: { fsync: 'off' },
  })
  atEnd(() => server.stop())
  await withClient(server.url, admin => admin.query('create database migrated'))
  const url = server.url.replace(/postgres$/, 'migrated')
  await migrate(url, { example: true })
  return url
}

/** What the migrations themselves have written is not copied. */
const notCopied = ['function_files', 'migrations', 'partitions', 'watches', 'history']

export async function dumpRows(url: string): Promise<ReadonlyMap<string, string>> {
  return withClient(url, async client => {
    const rows = new Map<string, string>()
    for (const table of await tables(client)) {
      const { rows: found } = await client.query(
        `select coalesce(json_agg(t), '[]')::text as rows from outbox.${table} t`,
      )
      rows.set(table, found[0].rows)
    }
    return rows
  })
}

/** In place of what is there, in one transaction. */
export async function restoreRows(url: string, dump: ReadonlyMap<string, string>): Promise<void> {
  await withClient(url, async client => {
    await client.query('set session_replication_role = replica')
    await client.query('begin')
    await client.query(`truncate ${Array.from(dump.keys(), table => `outbox.${table}`).join(', ')}`)
    for (const [table, rows] of dump)
      await client.query(
        `insert into outbox.${table} overriding system value select * from json_populate_recordset(null::outbox.${table}, $1)`,
        [rows],
      )
    for (const table of ['events', 'endpoints', 'endpoint_secrets'])
      await client.query(
        `select setval('outbox.${table}_id_seq', (select coalesce(max(id), 1) from outbox.${table}))`,
      )
    await client.query('commit')
  })
}

async function tables(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query(
    `select relname from pg_class where relnamespace = 'outbox'::regnamespace and relkind in ('r', 'p') and not relispartition
       and relname <> all ($1) order by 1`,
    [notCopied],
  )
  return rows.map(row => row.relname)
}
