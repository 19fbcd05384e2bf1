// A standby of a test's server: a copy of its data, made while it runs, that streams all later changes.
import { chownSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { copyDataDirectory } from './data-directory.ts'
import { eventually } from './eventually.ts'
import { connectTo, startServer, type TestServer, temporaryDirectory } from './server.ts'

/** Afterwards the primary acknowledges a commit only when the standby has it. */
export async function startStandby(primary: TestServer): Promise<TestServer> {
  const client = await connectTo(primary.databaseUrl)
  const dir = join(temporaryDirectory(), 'postgres')
  await client.query(`select pg_backup_start('standby', true)`)
  copyDataDirectory(primary.dir, dir)
  const { rows } = await client.query('select labelfile from pg_backup_stop(false)')
  rmSync(join(dir, 'postmaster.pid'))
  const { uid, gid } = statSync(primary.dir)
  for (const [name, text] of [
    ['backup_label', rows[0].labelfile],
    ['standby.signal', ''],
  ]) {
    writeFileSync(join(dir, name), text)
    chownSync(join(dir, name), uid, gid)
  }
  const standby = await startServer({
    dir,
    isCopy: true,
    settings: { primary_conninfo: `host=127.0.0.1 port=${primary.port} user=postgres` },
  })
  await client.query(`alter system set synchronous_standby_names = '*'`)
  await client.query('select pg_reload_conf()')
  await eventually(async () => {
    const { rows } = await client.query(`select from pg_stat_replication where sync_state = 'sync'`)
    return rows.length === 1
  })
  return standby
}
