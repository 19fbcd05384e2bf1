// The database as handlers see it: one round trip for each statement, whichever driver (database/choose.ts) carries it.
import { NeonDbError, type neon, types } from '@neondatabase/serverless'
import { DrizzleQueryError } from 'drizzle-orm'
import { drizzle, type NeonHttpDatabase } from 'drizzle-orm/neon-http'
import type { Run } from '../drizzle/run.ts'
import { chooseDriver, type DriverName } from './database/choose.ts'
import { type Connection, DriverError } from './database/connection.ts'
import { connectNeon } from './database/neon.ts'
import { inSession, type RequestContext } from './http/context.ts'
import type { Driver, IdempotentStatements } from './http/idempotent-statements.ts'

export interface Database {
  /** A statement made with the builder; the name is what the log calls it. */
  build<T>(name: string, statement: (builder: NeonHttpDatabase) => Promise<T>): Promise<T>
  /** A hand-written statement of drizzle/queries. */
  run: Run
  /** Random bytes of a handler's own: a repeat with the same Idempotency-Key gets those of the first time. */
  randomOnce(name: string, random: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>
  /** The same database and deadline, each statement sent through these. */
  through(statements: IdempotentStatements): Database
  /** After the last statement. */
  close(): Promise<void>
}

/** What may be told of a failed statement: the driver's own message can carry bound parameters. */
export class DatabaseError extends Error {
  readonly statement: string
  /** null: no answer came. */
  readonly sqlstate: string | null
  /** What the database has set for our role and the role may not change back; null = that is not the reason. */
  readonly lockedSetting: string | null
  /** Something of the schema outbox is not there: it is missing, or of another version. */
  readonly lacksSchema: boolean
  /** Why no answer came, as the network calls it, where the driver knows. */
  readonly reason: string | null
  constructor(
    statement: string,
    sqlstate: string | null,
    lockedSetting: string | null = null,
    lacksSchema = false,
    reason: string | null = null,
  ) {
    super(`${statement} failed: ${sqlstate ?? 'no answer'}`)
    this.name = 'DatabaseError'
    this.statement = statement
    this.sqlstate = sqlstate
    this.lockedSetting = lockedSetting
    this.lacksSchema = lacksSchema
    this.reason = reason
  }

  /** The statement may be fine: the database could not be reached, was full, shutting down or read-only. */
  get isUnavailable(): boolean {
    const sqlstates = /^(08|28|3D|40|53|55|57|58|25006|25P03|25P04)/
    return this.sqlstate === null || this.lockedSetting !== null || sqlstates.test(this.sqlstate)
  }
}

export interface DatabaseSettings {
  readonly databaseUrl: string
  readonly neonProxy: string | null
  /** Default: as the other two say. */
  readonly driver?: DriverName
}

interface Options {
  readonly deadlineSeconds?: number
  readonly context?: RequestContext | null
}

/** Once for each request: the deadline runs from its first statement and covers all of them. */
export function openDatabase(
  settings: DatabaseSettings,
  { deadlineSeconds = 8, context = null }: Options = {},
): Database {
  let opened: Promise<Connection> | null = null
  const connection = () => (opened ??= connect(settings, deadlineSeconds))
  return databaseOf(
    async () => inSession((await connection()).driver, { context, deadlineSeconds }),
    async () => (await opened)?.close(),
  )
}

async function connect(settings: DatabaseSettings, deadlineSeconds: number): Promise<Connection> {
  const { databaseUrl, neonProxy, driver = chooseDriver(databaseUrl, neonProxy) } = settings
  if (driver === 'neon') return connectNeon({ databaseUrl, neonProxy, deadlineSeconds })
  postgres ??= import('./database/postgres.ts')
  return (await postgres).connectPostgres({ databaseUrl, deadlineSeconds })
}

/** Kept, because import() costs something for each request even when the module is loaded. */
let postgres: Promise<typeof import('./database/postgres.ts')> | null = null

function databaseOf(driverFor: (statement: string) => Promise<Driver>, close: () => Promise<void>): Database {
  return {
    build: (name, statement) =>
      named(name, async () =>
        statement(drizzle((await driverFor(name)) as ReturnType<typeof neon<false, false>>)),
      ),
    run: ({ name, text }, parameters) =>
      named(name, async () => {
        const driver = await driverFor(name)
        return driver.query(text, [...parameters], { arrayMode: true, types: timesAsText })
      }),
    randomOnce: async (_name, random) => random,
    through: statements => databaseOf(async name => statements.through(await driverFor(name), name), close),
    close,
  }
}

/** Times stay the text that Postgres wrote; the driver's own choice depends on whether Drizzle has been used before. */
const timesAsText = {
  getTypeParser: ((oid: number, format?: 'text') =>
    timeOids.has(oid)
      ? (value: string) => value
      : types.getTypeParser(oid, format)) as typeof types.getTypeParser,
}
/** date, timestamp, timestamptz */
const timeOids = new Set([1082, 1114, 1184])

async function named<T>(name: string, statement: () => Promise<T>): Promise<T> {
  try {
    return await statement()
  } catch (error) {
    const cause = error instanceof DrizzleQueryError ? error.cause : error
    if (cause instanceof NeonDbError || cause instanceof DriverError) {
      const reason = cause instanceof DriverError ? cause.reason : null
      throw new DatabaseError(name, cause.code ?? null, lockedSetting(cause), lacksSchema(cause), reason)
    }
    if (cause instanceof DOMException) throw new DatabaseError(name, null) // the deadline
    throw error
  }
}

/** The message is Postgres's, in any language, but the name in it stays. */
function lockedSetting({ code, message }: NeonDbError | DriverError): string | null {
  const name = 'session_replication_role' // the one of drizzle/session-settings.ts that only a superuser may change
  return code === '42501' && message.includes(`"${name}"`) ? name : null
}

/** Schema, table or function. An application's own may be missing too, and that is not the outbox's version. */
function lacksSchema({ code, message }: NeonDbError | DriverError): boolean {
  return /^(3F000|42P01|42883)$/.test(code ?? '') && /\boutbox\b/.test(message)
}
