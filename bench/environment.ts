// The ground all meet on: a Postgres that keeps what it commits, the receiver, and a fresh database for every turn.
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

/** What every production server has: nothing that was committed gets lost in a power cut. */
const durable = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' }
/** And what anybody sets who expects load. The same for all contestants. */
const sized = { shared_buffers: '512MB', max_wal_size: '8GB', max_connections: '200' }

export interface Database {
  readonly url: string
  readonly client: pg.Client
  /** Of a query that gives one truth value. */
  isTrue(query: string): Promise<boolean>
  connect(): Promise<pg.Client>
  drop(): Promise<void>
}

export interface Ground {
  readonly guard: Guard
  readonly receiver: Receiver
  /** The administrator's connection, to no contestant's database. */
  readonly admin: pg.Client
  /** Seals the endpoints' secrets. */
  readonly masterKeys: string
  emptyDatabase(): Promise<Database>
  /** One with Outbox's tables. */
  outboxDatabase(): Promise<Database>
  stop(): Promise<void>
}

const migrated = 'outbox_migrated'

export async function openGround(): Promise<Ground> {
  const state = join(import.meta.dirname, '../.outbox')
  mkdirSync(state, { recursive: true })
  const unlock = takeLock(join(state, 'bench.lock')) // two at a time would only measure each other
  const guard = startGuard()
  const dir = join(state, 'bench')
  rmSync(dir, { recursive: true, force: true })
  const postgres = await startPostgres({
    dir,
    port: await freePort(),
    guard,
    settings: { ...durable, ...sized },
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
    await admin.query('checkpoint') // the last turn's dirty pages are not this one's burden
    const url = urlOf(name)
    const client = await connect(url)
    return {
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
