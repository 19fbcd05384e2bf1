// A migrated database for one test file: cloned from a template, dropped at the end.
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { atEnd } from './cleanup.ts'
import { eventually } from './eventually.ts'

export interface TestDatabase {
  url: string
  /** The settings with which the functions reach it. */
  env: { DATABASE_URL: string; NEON_PROXY: string }
  /** A connection that is closed at the end of the test file. */
  connect(): Promise<pg.Client>
}

/** Migrated, with the example shop. `seeded`: the shop is filled. `empty`: nothing is in it at all. */
export async function freshDatabase({ seeded = false, empty = false } = {}): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  const template = empty ? 'template0' : seeded ? 'seeded' : 'migrated'
  const admin = await administrator()
  await admin.query(`create database ${name} template ${template} strategy file_copy`)
  atEnd(() => drop(name))
  const url = inject('postgresUrl').replace(/postgres$/, name)
  return {
    url,
    env: { DATABASE_URL: url, NEON_PROXY: inject('proxyUrl') },
    async connect() {
      const client = new pg.Client({ connectionString: url })
      client.on('error', () => {}) // a test may cut it
      await client.connect()
      atEnd(() => client.end())
      return client
    },
  }
}

async function drop(name: string) {
  try {
    await eventually(() => refuseLeaks(name))
  } finally {
    await (await administrator()).query(`drop database ${name} with (force)`)
  }
}

/** Every connection made in a test must be closed by its end: a leak here is a leak in production. */
async function refuseLeaks(name: string) {
  const { rows } = await (await administrator()).query(
    `select application_name, left(query, 200) as last_query from pg_stat_activity
     where datname = $1 and application_name <> 'neon-proxy' and backend_type = 'client backend'`,
    [name],
  )
  if (rows.length > 0) throw new Error(`connections were left open: ${JSON.stringify(rows)}`)
}

let connecting: Promise<pg.Client> | null = null

/** One connection for all databases of a test file: it is closed after the last of them was dropped. */
const administrator = () => (connecting ??= connectAdministrator())

async function connectAdministrator(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: inject('postgresUrl') })
  await client.connect()
  atEnd(() => {
    connecting = null
    return client.end()
  })
  return client
}
