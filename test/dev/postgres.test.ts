// The embedded Postgres: its data survives a restart, and its errors name the cause.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { startGuard } from '../../dev/guard.ts'
import { freePort } from '../../dev/ports.ts'
import { startPostgres } from '../../dev/postgres.ts'
import { atEnd } from '../support/cleanup.ts'
import { withClient } from '../support/client.ts'
import { copyDataDirectory } from '../support/data-directory.ts'
import { eventually } from '../support/eventually.ts'

const guard = startGuard()

/** Inside a closed directory, as a home directory often is: root runs the server as `nobody`. */
function freshDir() {
  const closed = mkdtempSync(join(tmpdir(), 'outbox-postgres-'))
  atEnd(() => rmSync(closed, { recursive: true, force: true }))
  return join(closed, 'data')
}

/** A copy of a used one, which is faster than creating one. */
function usedDir() {
  const dir = freshDir()
  copyDataDirectory(inject('migratedDirectory'), dir)
  return dir
}

async function start(dir: string, port?: number) {
  const postgres = await startPostgres({
    dir,
    guard,
    port: port ?? (await freePort()),
    settings: { fsync: 'off' },
  })
  atEnd(postgres.stop)
  return postgres
}

const query = (url: string, sql: string) => withClient(url, async client => (await client.query(sql)).rows)

test('the embedded Postgres keeps its data over a restart', async () => {
  const dir = freshDir()
  const first = await start(dir)
  await query(first.url, 'create table kept as select 42 as answer')
  await first.stop()
  expect(await query((await start(dir)).url, 'select answer from kept')).toEqual([{ answer: 42 }])
})

test('the embedded Postgres refuses a directory of another version, and suggests --fresh', async () => {
  const dir = freshDir()
  mkdirSync(dir)
  writeFileSync(join(dir, 'PG_VERSION'), '15\n')
  await expect(start(dir)).rejects.toThrow(/made by Postgres 15, but this is Postgres 18.*--fresh/)
})

test('the embedded Postgres replaces a directory that was left half-made', async () => {
  const dir = freshDir()
  mkdirSync(`${dir}.draft`)
  writeFileSync(join(`${dir}.draft`, 'PG_VERSION'), '18\n')
  expect(await query((await start(dir)).url, 'select 1 as one')).toEqual([{ one: 1 }])
})

test("the embedded Postgres reports a taken port with Postgres's own message", async () => {
  const port = await freePort()
  await start(usedDir(), port)
  await expect(start(usedDir(), port)).rejects.toThrow(/Postgres did not start.*Address already in use/s)
})

test('a process of the embedded Postgres that crashes is told with its statement, and one that was killed is not', async () => {
  const postgres = await start(usedDir())
  for (const signal of ['SIGKILL', 'SIGSEGV'] as const) {
    await withClient(postgres.url, async client => {
      const { rows } = await client.query('select pg_backend_pid() as pid')
      const lost = expect(client.query(`select 'under ${signal}', pg_sleep(60)`)).rejects.toThrow()
      const active = `select from pg_stat_activity where pid = ${rows[0].pid} and state = 'active'`
      await eventually(async () => (await query(postgres.url, active)).length === 1)
      process.kill(rows[0].pid, signal)
      await lost
    })
    await eventually(() => query(postgres.url, 'select'))
  }
  expect(postgres.crashes).toEqual([expect.stringMatching(/signal 11.*select 'under SIGSEGV'/s)])
})

test.skipIf(process.platform !== 'linux')(
  'the embedded Postgres first stops a server left over from a killed parent',
  async () => {
    const dir = usedDir()
    const leftover = await start(dir)
    expect(await query((await start(dir)).url, 'select 1 as one')).toEqual([{ one: 1 }])
    await leftover.exited
  },
)
