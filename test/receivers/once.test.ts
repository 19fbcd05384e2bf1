// Repeats of a webhook do a receiver's work once, whatever comes at the same time or fails in between.
import { execFile, spawn } from 'node:child_process'
import { once as happened } from 'node:events'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import pg from 'pg'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { freePort } from '../../dev/ports.ts'
import { onceInD1, onceInPostgres, onceInRedis, onceInSqlite, type RedisCommand } from '../../exports/once.ts'
import { codeBlocks, readPage } from '../docs/pages.ts'
import { atEnd } from '../support/cleanup.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { temporaryDirectory } from '../support/server.ts'

const [postgresTable, sqliteTable] = codeBlocks(readPage('docs/receivers.md'), 'sql')

describe('in Postgres', () => {
  let database: TestDatabase
  let pool: pg.Pool
  beforeEach(async () => {
    database = await freshDatabase({ empty: true })
    pool = new pg.Pool({ connectionString: database.url })
    pool.on('error', () => {})
    atEnd(pool.end.bind(pool))
    await pool.query(`${postgresTable}; create table charges (n int)`)
  })
  const charge = (client: pg.PoolClient) => client.query('insert into charges values (1)')
  const charges = async () => (await pool.query('select count(*)::int as n from charges')).rows[0].n

  test('a repeat does nothing, and says so; another receiver of the same event has its own work', async () => {
    const [billing, mails] = [onceInPostgres(pool, 'billing'), onceInPostgres(pool, 'mails')]
    expect([await billing('evt_1', charge), await billing('evt_1', charge)]).toEqual(['done', 'repeat'])
    expect([await billing('evt_2', charge), await mails('evt_1', charge)]).toEqual(['done', 'done'])
    expect(await charges()).toBe(3)
  })

  test('of twenty attempts at the same time one does the work', async () => {
    const billing = onceInPostgres(pool, 'billing')
    const all = await Promise.all(Array.from({ length: 20 }, () => billing('evt_1', charge)))
    expect(all.filter(result => result === 'done')).toHaveLength(1)
    expect(await charges()).toBe(1)
  })

  test('after work that failed, the attempt that waited for it does the work', async () => {
    const billing = onceInPostgres(pool, 'billing')
    const { promise: isWaiting, resolve: fail } = Promise.withResolvers<void>()
    const first = billing('evt_1', async client => {
      await charge(client)
      await isWaiting
      throw new Error('no money')
    })
    await eventually(() => pool.totalCount === 1)
    const second = billing('evt_1', charge)
    await eventually(async () => {
      const { rows } = await pool.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      )
      return rows.length === 1
    })
    fail()
    await expect(first).rejects.toThrow('no money')
    expect([await second, await charges()]).toEqual(['done', 1])
  })

  test('a connection that is lost during the work leaves no mark and no work, and the process goes on', async () => {
    const billing = onceInPostgres(pool, 'billing')
    const lost = billing('evt_1', async client => {
      await charge(client)
      const { rows } = await client.query('select pg_backend_pid() as pid')
      await pool.query('select pg_terminate_backend($1)', [rows[0].pid])
      await client.query('select 1')
    })
    await expect(lost).rejects.toThrow()
    expect([await charges(), await billing('evt_1', charge), await charges()]).toEqual([0, 'done', 1])
  })

  test('work that goes on after a statement failed is not called done, for nothing of it was committed', async () => {
    const billing = onceInPostgres(pool, 'billing')
    const careless = billing('evt_1', async client => {
      await charge(client)
      await client.query('select 1 / 0').catch(() => {})
    })
    await expect(careless).rejects.toThrow('nothing was committed')
    expect([await billing('evt_1', charge), await charges(), pool.totalCount]).toEqual(['done', 1, 1])
  })
})

describe('in SQLite', () => {
  let db: DatabaseSync
  let file: string
  beforeEach(() => {
    file = `${temporaryDirectory()}/receipts.db`
    db = new DatabaseSync(file)
    atEnd(db.close.bind(db))
    db.exec(`${sqliteTable}; create table charges (n int)`)
  })
  const charge = () => void db.exec('insert into charges values (1)')
  const charges = () => db.prepare('select count(*) as n from charges').get()!.n

  test('a repeat does nothing, and says so; another receiver of the same event has its own work', () => {
    const [billing, mails] = [onceInSqlite(db, 'billing'), onceInSqlite(db, 'mails')]
    expect([billing('evt_1', charge), billing('evt_1', charge), mails('evt_1', charge)]).toEqual([
      'done',
      'repeat',
      'done',
    ])
    expect(charges()).toBe(2)
  })

  test('work that throws leaves no mark and no work', () => {
    const billing = onceInSqlite(db, 'billing')
    const failing = () => {
      charge()
      throw new Error('no money')
    }
    expect(() => billing('evt_1', failing)).toThrow('no money')
    expect([charges(), billing('evt_1', charge), charges()]).toEqual([0, 'done', 1])
  })

  test('work that waits is refused and undone, for other statements would come into its transaction', () => {
    const billing = onceInSqlite(db, 'billing')
    expect(() => billing('evt_1', async () => charge())).toThrow('cannot span an await')
    expect([charges(), billing('evt_1', charge)]).toEqual([0, 'done'])
  })
})

describe('in D1', () => {
  let db: Awaited<ReturnType<Miniflare['getD1Database']>>
  beforeAll(async () => {
    const script = 'export default { fetch: () => new Response() }'
    const runtime = new Miniflare(convertV4MiniflareOptions({ modules: true, script, d1Databases: ['DB'] }))
    atEnd(() => runtime.dispose())
    db = await runtime.getD1Database('DB')
    await db.batch([db.prepare(sqliteTable!), db.prepare('create table charges (n int primary key)')])
  })
  const charge = (n: number) => db.prepare('insert into charges values (?)').bind(n)

  test('a repeat does nothing, one of many at the same time does the work, and failed work leaves no mark', async () => {
    const billing = onceInD1(db, 'billing')
    const all = await Promise.all([1, 2, 3, 4].map(n => billing('evt_1', [charge(n)])))
    expect(all.sort()).toEqual(['done', 'repeat', 'repeat', 'repeat'])
    await expect(billing('evt_2', [charge(5), charge(5)])).rejects.toThrow(
      'UNIQUE constraint failed: charges.n',
    )
    expect(await billing('evt_2', [charge(5)])).toBe('done')
    expect(await db.prepare('select count(*) as n from charges').first('n')).toBe(2)
  })
})

/** What the port needs of Redis, and time that passes when the test says so. */
interface Store {
  command: RedisCommand
  pass(seconds: number): Promise<void>
}

async function startInMemory(): Promise<Store> {
  const values = new Map<string, { value: string; until: number }>()
  let now = 0
  const live = (key: string) => {
    const found = values.get(key)
    return found && found.until > now ? found.value : null
  }
  return {
    async pass(seconds) {
      now += seconds
    },
    async command([name, ...args]) {
      if (name === 'EVAL') return live(args[2]!) === args[3] ? Number(values.delete(args[2]!)) : 0
      const [key, value, ...options] = args as [string, string, ...string[]]
      if (name === 'GET') return live(key)
      if (options[0] === 'NX' && live(key) !== null) return null
      values.set(key, { value, until: now + Number(options.at(-1)) })
      return 'OK'
    },
  }
}

const run = promisify(execFile)

async function startRedis(): Promise<Store> {
  const port = String(await freePort())
  const server = spawn('redis-server', ['--port', port, '--save', '', '--bind', '127.0.0.1'], {
    stdio: 'ignore',
  })
  const exited = happened(server, 'exit')
  atEnd(async () => {
    server.kill()
    await exited
  })
  const command: RedisCommand = async args =>
    JSON.parse((await run('redis-cli', ['-p', port, '--json', ...args])).stdout)
  await eventually(async () => (await command(['PING'])) === 'PONG')
  return {
    command,
    async pass(seconds) {
      for (const key of (await command(['KEYS', '*'])) as string[])
        await command(['EXPIRE', key, String(Number(await command(['TTL', key])) - seconds)])
    },
  }
}

const hasRedis = (process.env.PATH ?? '')
  .split(delimiter)
  .some(folder => existsSync(join(folder, 'redis-server')))

describe.each([
  { name: 'a store in memory behind the port of Redis', start: startInMemory, isMissing: false },
  // Skipped where redis-server is not installed: the store in memory shows the rules, this one that its commands exist.
  { name: 'Redis', start: startRedis, isMissing: !hasRedis },
])('in $name', ({ start, isMissing }) => {
  let store: Store
  beforeEach(async () => {
    if (!isMissing) store = await start()
  })

  test.skipIf(isMissing)(
    'a repeat does nothing, one that comes during the work is told to come again',
    async () => {
      const billing = onceInRedis(store.command, 'billing', { workSeconds: 60, keepSeconds: 1_000 })
      const mails = onceInRedis(store.command, 'mails')
      let charges = 0
      const first = await billing('evt_1', async () => {
        charges++
        expect(await billing('evt_1', async () => charges++)).toBe('busy')
        expect(await mails('evt_1', async () => {})).toBe('done')
      })
      expect([first, await billing('evt_1', async () => charges++), charges]).toEqual(['done', 'repeat', 1])
      await store.pass(100)
      expect(await billing('evt_1', async () => charges++)).toBe('repeat')
    },
  )

  test.skipIf(isMissing)(
    'work that failed may be done at once, work that crashed after its time',
    async () => {
      const billing = onceInRedis(store.command, 'billing', { workSeconds: 60 })
      const failing = async () => {
        throw new Error('no money')
      }
      await expect(billing('evt_1', failing)).rejects.toThrow('no money')
      expect(await billing('evt_1', async () => {})).toBe('done')
      void billing('evt_2', () => new Promise(() => {}))
      await eventually(async () => (await billing('evt_2', async () => {})) === 'busy')
      await store.pass(60)
      expect(await billing('evt_2', async () => {})).toBe('done')
    },
  )

  test.skipIf(isMissing)(
    'work that failed after its time was over does not end the next attempt’s claim',
    async () => {
      const billing = onceInRedis(store.command, 'billing', { workSeconds: 60 })
      const [slow, next] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      const first = billing('evt_1', () => slow.promise)
      await eventually(async () => (await billing('evt_1', async () => {})) === 'busy')
      await store.pass(60)
      const second = billing('evt_1', () => next.promise)
      await eventually(async () => (await billing('evt_1', async () => {})) === 'busy')
      slow.reject(new Error('too late'))
      await expect(first).rejects.toThrow('too late')
      expect(await billing('evt_1', async () => {})).toBe('busy')
      next.resolve()
      expect(await second).toBe('done')
    },
  )
})
