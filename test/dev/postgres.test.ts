// The embedded Postgres: data survives a restart, and what stands in its way is named.
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

const guard = startGuard()

/** In a directory closed to others, as a home directory often is: root's server runs as `nobody`. */
function freshDir() {
  const closed = mkdtempSync(join(tmpdir(), 'outbox-postgres-'))
  atEnd(() => rmSync(closed, { recursive: true, force: true }))
  return join(closed, 'data')
}

/** One that has been used before: cheaper than to make it. */
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

test('what was written is there after a restart', async () => {
  const dir = freshDir()
  const first = await start(dir)
  await query(first.url, 'create table kept as select 42 as answer')
  await first.stop()
  expect(await query((await start(dir)).url, 'select answer from kept')).toEqual([{ answer: 42 }])
})

test('a directory of another version is refused, with a way out', async () => {
  const dir = freshDir()
  mkdirSync(dir)
  writeFileSync(join(dir, 'PG_VERSION'), '15\n')
  await expect(start(dir)).rejects.toThrow(/made by Postgres 15, but this is Postgres 18.*--fresh/)
})

test('a directory whose making was interrupted is made anew', async () => {
  const dir = freshDir()
  mkdirSync(`${dir}.draft`)
  writeFileSync(join(`${dir}.draft`, 'PG_VERSION'), '18\n')
  expect(await query((await start(dir)).url, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('a port that is taken is told in words of Postgres', async () => {
  const port = await freePort()
  await start(usedDir(), port)
  await expect(start(usedDir(), port)).rejects.toThrow(/Postgres did not start.*Address already in use/s)
})

test.skipIf(process.platform !== 'linux')(
  'a server left over from a killed parent is ended first',
  async () => {
    const dir = usedDir()
    const leftover = await start(dir)
    expect(await query((await start(dir)).url, 'select 1 as one')).toEqual([{ one: 1 }])
    await leftover.exited
  },
)
