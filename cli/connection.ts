// One connection for one command. What keeps it from the database is told in a sentence, without the connection string.
import pg from 'pg'
import type { Environment } from '../delivery/settings.ts'
import type { Run } from '../drizzle/run.ts'
import { readSchemaState, schemaProblem } from '../drizzle/schema-version.ts'
import { runOn, sqlstate } from '../worker/database.ts'
import { databaseProblem } from '../worker/observability/database-problem.ts'
import { CommandError, type ExitCode, exitCodes } from './exit.ts'

const connectTimeoutMs = 5_000

export interface Connection {
  readonly client: pg.Client
  readonly run: Run
}

export function databaseUrlOf(env: Environment): string {
  const url = env.DATABASE_URL_UNPOOLED?.trim()
  if (!url)
    throw new CommandError(
      exitCodes.usage,
      'No database is named: set DATABASE_URL_UNPOOLED (in the environment or in .env), or use --database-url.',
    )
  if (!URL.canParse(url) || !/^postgres(ql)?:$/.test(new URL(url).protocol))
    throw new CommandError(
      exitCodes.usage,
      'The connection string is not valid: expected postgresql://user:password@host/database.',
    )
  return url
}

export async function withConnection<T>(
  env: Environment,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const url = databaseUrlOf(env)
  return inPlainWords(async () => {
    const client = new pg.Client({
      connectionString: url,
      application_name: 'outbox-cli',
      connectionTimeoutMillis: connectTimeoutMs,
    })
    client.on('error', () => {}) // what waits for it is rejected
    try {
      await client.connect()
      return await work({ client, run: runOn(client) })
    } finally {
      client.end().catch(() => {})
    }
  })
}

/** For commands that read or change what is in the schema. */
export async function requireSchema(run: Run): Promise<void> {
  const problem = schemaProblem(await readSchemaState(run))
  if (problem !== null) throw new CommandError(exitCodes.refused, sentence(problem))
}

/** An error of Postgres, of the driver or of the network becomes a sentence and an exit code. Everything else stays. */
export async function inPlainWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw worded(error)
  }
}

function worded(error: unknown): unknown {
  if (error instanceof CommandError) return error
  const exitCode = exitCodeFor(sqlstate(error))
  if (exitCode === null && !isDrivers(error)) return error
  return new CommandError(
    exitCode ?? exitCodes.unreachable,
    sentence(`cannot use the database: ${databaseProblem(error)}`),
  )
}

/** Postgres and the network have codes. */
export function exitCodeFor(code: string): ExitCode | null {
  if (/^(28|42501)/.test(code)) return exitCodes.notAllowed
  if (code === '3D000') return exitCodes.notFound
  if (/^(08|53|57)/.test(code) || /^(E[A-Z]+|.*CERT.*|UNABLE_.*)$/.test(code)) return exitCodes.unreachable
  return null
}

/** The driver's own, which have no code: they come from connecting. */
function isDrivers(error: unknown): boolean {
  const message = (error as Error | null)?.message ?? ''
  return /timeout expired|terminated|^SASL|does not support SSL/.test(message)
}

const sentence = (text: string) => `${text[0]!.toUpperCase()}${text.slice(1)}.`.replace(/\.\.$/, '.')
