// Any Postgres, with its own protocol. It offers what Neon's driver does, so that nothing above can tell them apart: each
// batch is one transaction, sent in one go. Nothing outlives the transaction, so a pooler in transaction mode (Hyperdrive,
// PgBouncer) may stand between.
//
// pg needs Node's modules: in a Worker the flag nodejs_compat.
import { types } from '@neondatabase/serverless'
import pg, { type Pool, type PoolClient } from 'pg'
import type { Driver } from '../http/idempotent-statements.ts'
import { type Connection, DriverError } from './connection.ts'

interface Options {
  readonly databaseUrl: string
  readonly deadlineSeconds: number
}

export function connectPostgres({ databaseUrl, deadlineSeconds }: Options): Connection {
  const pool = ownsSockets ? openPool(databaseUrl, 1) : sharedPool(databaseUrl)
  const deadline = AbortSignal.timeout(deadlineSeconds * 1000)
  const transaction = (statements: readonly Statement[], options: StatementOptions = {}) =>
    transact(pool, deadline, statements, options)
  const query = (text: string, parameters: unknown[] = [], options: StatementOptions = {}): Statement => ({
    text,
    parameters,
    options,
    // Sent when it is awaited, like a statement of Neon's driver: until then it may become part of a batch.
    // biome-ignore lint/suspicious/noThenProperty: that is how the driver's promise is lazy
    then(done, failed) {
      return transaction([this])
        .then(([answer]) => answer)
        .then(done, failed)
    },
  })
  return {
    driver: { query, transaction } as unknown as Driver,
    close: async () => (ownsSockets ? pool.end() : undefined),
  }
}

/** In a Worker a socket belongs to the request that has opened it. */
const ownsSockets = typeof navigator === 'object' && navigator.userAgent === 'Cloudflare-Workers'

/** Everywhere else connections are kept, one pool for each database. */
const sharedPools = new Map<string, Pool>()
const maxSharedConnections = 10

function sharedPool(databaseUrl: string): Pool {
  const pool = sharedPools.get(databaseUrl) ?? openPool(databaseUrl, maxSharedConnections)
  sharedPools.set(databaseUrl, pool)
  return pool
}

/** For the end of the process: until then they are shared by all requests. */
export async function closeSharedPools(): Promise<void> {
  const pools = [...sharedPools.values()]
  sharedPools.clear()
  await Promise.all(pools.map(pool => pool.end()))
}

const connectTimeoutMs = 5_000

function openPool(connectionString: string, max: number): Pool {
  const pool = new pg.Pool({
    connectionString,
    max,
    pipeline: true,
    application_name: 'outbox-functions',
    connectionTimeoutMillis: connectTimeoutMs,
    allowExitOnIdle: true,
  })
  pool.on('error', () => {}) // an idle connection was cut; the next statement opens another
  pool.on('connect', client => void client.on('error', () => {})) // its statement fails with the error
  return pool
}

interface StatementOptions {
  readonly arrayMode?: boolean
  readonly fullResults?: boolean
  readonly types?: Types
}

interface Types {
  getTypeParser(oid: number, format?: 'text'): (value: string) => unknown
}

interface Statement extends PromiseLike<unknown> {
  readonly text: string
  readonly parameters: unknown[]
  readonly options: StatementOptions
}

/** Begin, statements and commit are sent without waiting for answers: one round trip. */
async function transact(
  pool: Pool,
  deadline: AbortSignal,
  statements: readonly Statement[],
  options: StatementOptions,
): Promise<unknown[]> {
  const client = await borrow(pool, deadline)
  const socket = socketOf(client)
  socket.cork?.() // so that all of it leaves in one write
  const sent = [
    client.query('begin isolation level read committed'),
    ...statements.map(statement => send(client, statement, options)),
    client.query('commit'), // after a failure it rolls back
  ]
  socket.uncork?.()
  const answers = await beforeDeadline(deadline, Promise.allSettled(sent)).catch(error => {
    hangUp(client)
    throw error
  })
  const failed = answers.find(answer => answer.status === 'rejected')
  if (failed) throw giveBack(client, failed.reason)
  client.release()
  return answers.slice(1, -1).map(answer => (answer as PromiseFulfilledResult<unknown>).value)
}

async function borrow(pool: Pool, deadline: AbortSignal): Promise<PoolClient> {
  const connecting = pool.connect()
  try {
    return await beforeDeadline(deadline, connecting)
  } catch (error) {
    connecting.then(hangUp, () => {})
    throw asDriverError(error)
  }
}

async function send(client: PoolClient, statement: Statement, shared: StatementOptions): Promise<unknown> {
  const options = { ...shared, ...statement.options }
  const { rows, fields, rowCount, command } = await client.query({
    text: statement.text,
    values: statement.parameters,
    types: options.types ?? types, // Neon's, so that every driver gives the same values
    ...(options.arrayMode ? { rowMode: 'array' } : {}),
  } as never)
  return options.fullResults ? { rows, fields, rowCount, command } : rows
}

/** After an error that the server has reported, the connection can be used again. */
function giveBack(client: PoolClient, reason: unknown): DriverError {
  if (reason instanceof pg.DatabaseError) client.release()
  else hangUp(client)
  return asDriverError(reason)
}

/** Without a goodbye, which a dead link would never answer. */
function hangUp(client: PoolClient): void {
  socketOf(client).destroy()
  client.release(true)
}

interface Socket {
  destroy(): void
  /** Not in a Worker. */
  cork?(): void
  uncork?(): void
}

const socketOf = (client: PoolClient) =>
  (client as unknown as { connection: { stream: Socket } }).connection.stream

function asDriverError(error: unknown): DriverError {
  if (error instanceof DriverError) return error
  const { message, code, name } = error as Error & { code?: string }
  return error instanceof pg.DatabaseError
    ? new DriverError(message, code, null)
    : new DriverError(message, undefined, code ?? name)
}

function beforeDeadline<T>(deadline: AbortSignal, work: Promise<T>): Promise<T> {
  let giveUp = () => {}
  const late = new Promise<never>((_, reject) => {
    giveUp = () => reject(new DriverError('no answer came in time', undefined, 'deadline'))
  })
  if (deadline.aborted) giveUp()
  deadline.addEventListener('abort', giveUp)
  return Promise.race([work, late]).finally(() => deadline.removeEventListener('abort', giveUp))
}
