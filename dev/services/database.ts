// The database: the embedded Postgres kept in `.outbox/postgres`, or the one DATABASE_URL names.
import { existsSync, rmSync } from 'node:fs'
import pg from 'pg'
import type { Guard } from '../guard.ts'
import { startPostgres, stopLeftover } from '../postgres.ts'
import { say, Trouble } from '../say.ts'

interface Options {
  dir: string
  port: number
  guard: Guard
  onDeath(): void
}

/** Starts it with a database `outboxdb`; returns the function that stops it. */
export async function startDatabase({ dir, port, guard, onDeath }: Options): Promise<() => Promise<void>> {
  say('database', `${existsSync(dir) ? 'starting' : 'creating'} the embedded Postgres on port ${port}`)
  // Losing a commit in a power cut does not matter here, and commits become fast.
  const postgres = await startPostgres({ dir, port, guard, settings: { synchronous_commit: 'off' } })
  void postgres.exited.then(onDeath)
  const admin = new pg.Client({ connectionString: postgres.url })
  await admin.connect()
  const { rowCount } = await admin.query(`select from pg_database where datname = 'outboxdb'`)
  if (rowCount === 0) await admin.query('create database outboxdb')
  await admin.end()
  return postgres.stop
}

/**
 * The embedded database is nobody's copy, also when it has moved to another port or folder: the first sender of each start
 * binds it anew.
 */
export async function forgetIdentity(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('delete from outbox.identity').finally(() => client.end())
}

export async function removeDatabase(dir: string): Promise<void> {
  await stopLeftover(dir)
  rmSync(dir, { recursive: true, force: true })
}

/** Fails at once if the named database cannot be reached, before anything else is started. */
export async function reachDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  try {
    await client.connect()
  } catch (error) {
    throw new Trouble(`The database at ${new URL(url).host} can't be reached: ${(error as Error).message}.`)
  } finally {
    await client.end()
  }
}

/** Neon answers SQL over HTTP itself; a Postgres on this machine or network needs the local proxy for that. */
export function isLocal(url: string): boolean {
  const { hostname } = new URL(url)
  return (
    !hostname.includes('.') || /^[\d.]+$/.test(hostname) || /\.(local|localhost|internal)$/.test(hostname)
  )
}
