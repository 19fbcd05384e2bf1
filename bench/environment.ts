// The environment of all subjects: a durable Postgres, the receiver, and a fresh database for every turn.
import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { type Guard, startGuard } from '../dev/guard.ts'
import { takeLock } from '../dev/lock.ts'
import { migrate } from '../dev/migrate.ts'
import { freePort } from '../dev/ports.ts'
import { startPostgres } from '../dev/postgres.ts'
import { type Receiver, startReceiver } from './receiving.ts'

/** As on every production server: a power cut loses no commit. */
const durable = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' }
/** The usual settings for a server under load, the same for all subjects. */
const sized = { shared_buffers: '512MB', max_wal_size: '8GB', max_connections: '200' }
/** For the scenario that counts statements. It tracks none until that scenario asks for it. */
const counting = { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.track': 'none' }

export interface Database {
  readonly name: string
  readonly url: string
  readonly client: pg.Client
  /** The result of a query that returns one boolean. */
  isTrue(query: string): Promise<boolean>
  connect(): Promise<pg.Client>
  drop(): Promise<void>
}

export interface Environment {
  readonly guard: Guard
  readonly receiver: Receiver
  /** An administrator's connection to a database that no subject uses. */
  readonly admin: pg.Client
  /** Of the server's postmaster. */
  readonly postgresPid: number
  /** For the endpoints' secrets. */
  readonly masterKeys: string
  emptyDatabase(): Promise<Database>
  /** With Outbox's tables and the example shop's. */
  outboxDatabase(): Promise<Database>
  stop(): Promise<void>
}

const migrated = 'outbox_migrated'

export async function openEnvironment(): Promise<Environment> {
  const state = join(import.meta.dirname, '../.outbox')
  mkdirSync(state, { recursive: true })
  const unlock = takeLock(join(state, 'bench.lock')) // two runs at a time would measure each other
  const guard = startGuard()
  const dir = join(state, 'bench')
  rmSync(dir, { recursive: true, force: true })
  const postgres = await startPostgres({
    dir,
    port: await freePort(),
    guard,
    settings: { ...durable, ...sized, ...counting },
    ephemeral: true,
  })
  const admin = await connect(postgres.url)
  const receiver = await startReceiver(guard, `whsec_${randomBytes(32).toString('base64')}`)
  const urlOf = (name: string) => postgres.url.replace(/postgres$/, name)
  await admin.query(`create database ${migrated}`)
  await migrate(urlOf(migrated), { example: true })

  let number = 0
  const create = async (template: string): Promise<Database> => {
    const name = `turn_${++number}`
    await admin.query(`create database ${name} template ${template}`)
    await admin.query('checkpoint') // so that this turn does not write the last turn's dirty pages
    const url = urlOf(name)
    const client = await connect(url)
    return {
      name,
      url,
      client,
      isTrue: async query => (await client.query({ text: query, rowMode: 'array' })).rows[0]![0],
      connect: () => connect(url),
      async drop() {
        await client.end()
        await admin.query(`drop database ${name} with (force)`)
      },
    }
  }
  return {
    guard,
    receiver,
    admin,
    postgresPid: postgres.pid,
    masterKeys: `bench:${randomBytes(32).toString('base64')}`,
    emptyDatabase: () => create('template0'),
    outboxDatabase: () => create(migrated),
    async stop() {
      await receiver.stop()
      await admin.end()
      await postgres.stop()
      unlock()
    },
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'bench' })
  client.on('error', () => {}) // its database is dropped with force
  await client.connect()
  return client
}
