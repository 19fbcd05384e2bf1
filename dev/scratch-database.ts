// A Postgres server for one piece of work, such as generating code from the migrated schema: started, used, removed.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startGuard } from './guard.ts'
import { migrate } from './migrate.ts'
import { freePort } from './ports.ts'
import { startPostgres } from './postgres.ts'

/** Makes an empty database on the scratch server and returns its URL. */
export type CreateDatabase = (name: string) => Promise<string>

/** The data is thrown away, so it need not survive a crash. */
const settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' }

/** `work` gets the URL of a database with the product and the example in it. */
export function withMigratedDatabase<T>(work: (url: string) => Promise<T>): Promise<T> {
  return withScratchServer(async create => {
    const url = await create('migrated')
    await migrate(url, { example: true })
    return work(url)
  })
}

export async function withScratchServer<T>(work: (create: CreateDatabase) => Promise<T>): Promise<T> {
  const parent = mkdtempSync(join(tmpdir(), 'outbox-scratch-'))
  try {
    chmodSync(parent, 0o755) // Postgres may run as another user, who walks through it
    const dir = join(parent, 'postgres')
    const postgres = await startPostgres({ dir, port: await freePort(), guard: startGuard(), settings })
    try {
      return await work(name => createDatabase(postgres.url, name))
    } finally {
      await postgres.stop()
    }
  } finally {
    rmSync(parent, { recursive: true, force: true })
  }
}

async function createDatabase(serverUrl: string, name: string): Promise<string> {
  const admin = new pg.Client({ connectionString: serverUrl, application_name: 'outbox-scratch' })
  await admin.connect()
  try {
    await admin.query(`create database ${name}`)
  } finally {
    await admin.end()
  }
  return serverUrl.replace(/postgres$/, name)
}
