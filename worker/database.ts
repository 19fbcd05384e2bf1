// The listener's connections: a small pool for its statements, and one that listens.
import pg from 'pg'
import { addressOf } from '../drizzle/identity.ts'
import type { Run } from '../drizzle/run.ts'
import { expectedSettings, setStatement } from '../drizzle/session-settings.ts'
import { IdentityCheck } from './identity-check.ts'
import type { Log } from './observability/log.ts'
import { refuseForeignSchema } from './schema-check.ts'
import { refuseTransactionPooling } from './transaction-pooling.ts'

/** Longer than any statement of ours takes. A link that swallows everything is noticed by then. */
const statementSeconds = 20
const connectTimeoutMs = 5_000

const listenSettings = { ...expectedSettings, statement_timeout: `${statementSeconds}s` }

/**
 * Every statement of ours finds few rows by index, and the tables change between empty and millions of rows faster than
 * statistics follow, so a sequential scan is never right. Generic plans are made once. A client that has gone silent must
 * not keep its locks, so the server ends its session.
 */
const poolSettings = {
  ...listenSettings,
  default_transaction_isolation: 'read committed',
  enable_seqscan: 'off',
  plan_cache_mode: 'force_generic_plan',
  idle_in_transaction_session_timeout: '10s',
  tcp_user_timeout: '15s',
}

/** Bounded like connecting itself: the link may go silent right after it was opened. */
async function prepareSession(
  client: pg.ClientBase,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const text = setStatement(settings, { until: 'end of session' })
  try {
    await client.query({ text, query_timeout: connectTimeoutMs } as pg.QueryConfig)
  } catch (error) {
    if (sqlstate(error) !== '42501') throw error
    // The only one of them that not everybody may change.
    throw Object.assign(new Error('session_replication_role may not be changed'), { code: lockedSetting })
  }
}

/** The database sets session_replication_role, and our user may not change it back. */
export const lockedSetting = 'LOCKED_SETTING'

export interface Database {
  readonly run: Run
  /** Every connection that statements run on has passed it; who opens another one by connect() asks it. */
  readonly identity: Pick<IdentityCheck, 'pass' | 'trouble'>
  /** Rejects if the database cannot be reached, or only through a pooler in transaction mode. */
  check(): Promise<void>
  /** A connection of its own, for LISTEN. */
  connect(): Promise<pg.Client>
  /**
   * The links are dead, or lead to a server that is no longer the right one. Hangs up on all of them, so that every waiting
   * statement fails now and connects again.
   */
  hangUp(): void
  close(): Promise<void>
}

export function openDatabase(url: string, name: string, log: Log): Database {
  const config: pg.PoolConfig = {
    connectionString: url,
    application_name: name,
    keepAlive: true,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: (statementSeconds + 5) * 1000,
  }
  const check = untilPassed(() => refuseTransactionPooling({ ...config, query_timeout: connectTimeoutMs }))
  const identity = new IdentityCheck({ address: addressOf(url), sender: name }, log)
  const checkSchema = untilPassed((client: pg.ClientBase) => refuseForeignSchema(runOn(client)))
  const pool = new pg.Pool({
    ...config,
    max: 5, // fan-out, claim, settle, one for what is rare, and one for what monitoring measures
    idleTimeoutMillis: 0,
    async onConnect(client) {
      await check()
      await prepareSession(client, poolSettings)
      await checkSchema(client)
      await identity.pass(runOn(client))
    },
  })
  const clients = new Set<pg.ClientBase>()
  pool.on('connect', client => void clients.add(client))
  pool.on('remove', client => void clients.delete(client))
  pool.on('error', error => log.warn({ sqlstate: sqlstate(error) }, 'an idle database connection broke'))
  return {
    run: runOn(pool),
    identity,
    check,
    async connect() {
      await check()
      const client = new pg.Client(config)
      client.on('error', () => {}) // 'end' follows
      try {
        await client.connect()
        await prepareSession(client, listenSettings)
      } catch (error) {
        void client.end().catch(() => {})
        throw error
      }
      clients.add(client)
      client.once('end', () => void clients.delete(client))
      return client
    },
    hangUp() {
      for (const client of clients) hangUp(client)
    },
    close: () => pool.end(),
  }
}

/** Checks again after a failure, and not after it has passed. Those who come meanwhile wait for the same answer. */
function untilPassed<Subject extends unknown[]>(
  check: (...subject: Subject) => Promise<void>,
): (...subject: Subject) => Promise<void> {
  let answer: Promise<void> | null = null
  return (...subject) =>
    (answer ??= check(...subject).catch(error => {
      answer = null
      throw error
    }))
}

export function runOn(connection: pg.Pool | pg.ClientBase): Run {
  return async ({ name, text }, parameters) => {
    const result = await connection.query({ name, text, values: parameters as unknown[], rowMode: 'array' })
    return result.rows
  }
}

/** Without a goodbye: a dead link would never answer it, and a statement that waits for a lock would not read it. */
export function hangUp(client: pg.ClientBase): void {
  ;(client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
}

/** What may be logged of a database error: its SQLSTATE or network code. The message may carry parameters. */
export function sqlstate(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : ((error as Error | null)?.name ?? 'unknown')
}
