// The database: the embedded Postgres kept in `.outbox/postgres`, or the one DATABASE_URL names.
import { existsSync, rmSync } from 'node:fs'
import pg from 'pg'
import type { Guard } from '../guard.ts'
import { type Postgres, startPostgres, stopLeftover } from '../postgres.ts'
import { say } from '../say.ts'

export interface Database {
  /** For migrations and listeners. */
  direct: string
  /** For the functions. */
  pooled: string
  stop(): Promise<void>
}

/** Nothing is stopped here that we did not start. */
export function givenDatabase(pooled: string, direct = pooled): Database {
  return { pooled, direct, async stop() {} }
}

interface Options {
  dir: string
  port: number
  guard: Guard
  onDeath(): void
}

export async function embeddedDatabase({ dir, port, guard, onDeath }: Options): Promise<Database> {
  say('database', `${existsSync(dir) ? 'starting' : 'creating'} the embedded Postgres on port ${port}`)
  // A commit lost in a power cut is no loss here, and commits get fast.
  const postgres = await startPostgres({ dir, port, guard, settings: { synchronous_commit: 'off' } })
  let stopping = false
  void postgres.exited.then(() => stopping || onDeath())
  const url = await createDatabase(postgres)
  return {
    pooled: url,
    direct: url,
    async stop() {
      stopping = true
      await postgres.stop()
    },
  }
}

export async function removeDatabase(dir: string): Promise<void> {
  await stopLeftover(dir)
  rmSync(dir, { recursive: true, force: true })
}

async function createDatabase({ url }: Postgres): Promise<string> {
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  const { rowCount } = await admin.query(`select from pg_database where datname = 'outboxdb'`)
  if (rowCount === 0) await admin.query('create database outboxdb')
  await admin.end()
  return url.replace(/postgres$/, 'outboxdb')
}

/** Neon answers SQL over HTTP itself; a Postgres on this machine or network needs the local proxy for that. */
export function isLocal(url: string): boolean {
  const { hostname } = new URL(url)
  return (
    !hostname.includes('.') || /^[\d.]+$/.test(hostname) || /\.(local|localhost|internal)$/.test(hostname)
  )
}
