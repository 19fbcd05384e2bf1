// A Postgres server for one test, for faults that would disturb other tests. It has a migrated database and full
// durability.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { inject } from 'vitest'
import { startGuard } from '../../dev/guard.ts'
import { freePort } from '../../dev/ports.ts'
import { type Postgres, startPostgres } from '../../dev/postgres.ts'
import { atEnd } from './cleanup.ts'
import { refuseCrashes } from './crashes.ts'
import { copyDataDirectory } from './data-directory.ts'

export interface TestServer extends Postgres {
  dir: string
  port: number
  /** The database with the outbox in it. */
  databaseUrl: string
  /** The settings with which the functions reach it. */
  env: { DATABASE_URL: string; NEON_PROXY: string }
}

interface Options {
  dir?: string
  settings?: Record<string, string>
  /** `dir` already has the data: a copy of another server's. */
  isCopy?: boolean
  port?: number
}

/** A directory that the server's user may enter, removed at the end of the test file. */
export function temporaryDirectory(parent = inject('runDirectory')): string {
  const dir = mkdtempSync(join(parent, 'outbox-server-'))
  chmodSync(dir, 0o755)
  atEnd(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

export async function startServer({
  dir,
  settings = {},
  isCopy = false,
  ...options
}: Options = {}): Promise<TestServer> {
  const place = dir ?? join(temporaryDirectory(), 'postgres')
  if (!isCopy) copyDataDirectory(inject('migratedDirectory'), place)
  const port = options.port ?? (await freePort())
  const guard = startGuard()
  const server = await startPostgres({ dir: place, port, guard, settings })
  atEnd(() => server.stop())
  atEnd(() => refuseCrashes(server))
  const databaseUrl = server.url.replace(/postgres$/, 'migrated')
  const env = { DATABASE_URL: databaseUrl, NEON_PROXY: inject('proxyUrl') }
  return { ...server, dir: place, port, databaseUrl, env }
}

/** A connection that is closed at the end of the test file. The test may cut it. */
export async function connectTo(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  atEnd(() => client.end().catch(() => {}))
  return client
}
