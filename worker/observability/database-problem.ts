// What keeps the listener from its database, and what to do about it, for people. Made from the error's code alone, because
// messages of the server and the driver may carry names and parameters.
import { lockedSetting, sqlstate } from '../database.ts'
import { SchemaError } from '../schema-check.ts'
import { TransactionPoolingError } from '../transaction-pooling.ts'

interface Problem {
  readonly cause: string
  readonly remedy: string
}

const setting = 'DATABASE_URL_UNPOOLED'
const unknownHost: Problem = {
  cause: 'its host name cannot be resolved',
  remedy: `check the host in ${setting} and the DNS`,
}
const silent: Problem = {
  cause: 'it does not answer',
  remedy: `check the host and port in ${setting}, the firewalls on the way, and whether a pooler has a session left`,
}
const cut: Problem = {
  cause: 'the connection was cut',
  remedy: `if it happens again, see the log of Postgres, and check the host and port in ${setting}`,
}
const refusedLogin: Problem = {
  cause: 'it refuses the user, the address or a connection without TLS (pg_hba.conf)',
  remedy: `check the user in ${setting}, and add sslmode=require if the server demands TLS`,
}
const wrongPassword: Problem = {
  cause: 'it refuses the user or the password',
  remedy: `check both in ${setting}`,
}
const untrusted: Problem = {
  cause: 'its certificate is not trusted, or is for another name',
  remedy: `check the host in ${setting}, and name the right authority with sslrootcert or NODE_EXTRA_CA_CERTS`,
}
const notMigrated: Problem = {
  cause: 'the outbox is not installed there, or not in the version of this listener',
  remedy: `run \`outbox migrate\`, and check the database in ${setting}`,
}
const starting: Problem = {
  cause: 'it is starting, stopping or recovering',
  remedy: 'wait; if it lasts, see the log of Postgres',
}

const byCode: Readonly<Record<string, Problem>> = {
  ECONNREFUSED: {
    cause: 'nothing accepts connections at its address',
    remedy: `start Postgres, or check the host and port in ${setting}`,
  },
  ENOTFOUND: unknownHost,
  EAI_AGAIN: unknownHost,
  ETIMEDOUT: silent,
  EHOSTUNREACH: silent,
  ENETUNREACH: silent,
  HEARTBEAT_TIMEOUT: silent,
  ECONNRESET: cut,
  EPIPE: cut,
  '57P01': cut,
  '08006': cut,
  '57P03': starting,
  '57P02': starting,
  // What PgBouncer answers about users, databases and startup parameters.
  '08P01': {
    cause: 'a pooler refuses the connection',
    remedy: `see its log, and check the user and the database in ${setting}`,
  },
  '28000': refusedLogin,
  '28P01': wrongPassword,
  '3D000': {
    cause: 'the server has no such database',
    remedy: `check the database in ${setting}, or create it`,
  },
  '53300': {
    cause: 'it has no connection left',
    remedy: 'raise max_connections, or close what holds them (pg_stat_activity)',
  },
  '42501': {
    cause: 'the user lacks rights in the schema outbox',
    remedy: 'make it a member of outbox_listener (docs/roles.md)',
  },
  '3F000': notMigrated,
  '42P01': notMigrated,
  '42703': notMigrated,
  '42883': notMigrated,
  '25006': {
    cause: 'it is read-only',
    remedy: `let ${setting} lead to the primary, or turn default_transaction_read_only off`,
  },
  [lockedSetting]: {
    cause: 'session_replication_role is set to skip triggers, and the user may not change it back',
    remedy:
      'find it with \\drds in psql, and reset it (ALTER ROLE or ALTER DATABASE … RESET session_replication_role)',
  },
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  CERT_HAS_EXPIRED: untrusted,
  ERR_TLS_CERT_ALTNAME_INVALID: untrusted,
}

/** Where the driver gives no code. These messages are its own and carry nothing. */
const byMessage: readonly (readonly [RegExp, Problem])[] = [
  [/timeout/i, silent],
  [/terminated|ended/, cut],
  [
    /^The server does not support SSL/,
    {
      cause: 'it does not speak TLS',
      remedy: `remove sslmode from ${setting}, or turn TLS on there`,
    },
  ],
  [/^SASL: .*password/, { cause: 'it demands a password', remedy: `add one to ${setting}` }],
]

/** One sentence, for the log and /readyz. */
export function databaseProblem(error: unknown): string {
  if (error instanceof TransactionPoolingError || error instanceof SchemaError) return error.message
  const { code, message = '' } = error as { code?: unknown; message?: string }
  const problem =
    typeof code === 'string' ? byCode[code] : byMessage.find(([pattern]) => pattern.test(message))?.[1]
  if (problem === undefined) return `the session ended (${sqlstate(error)})`
  return `${problem.cause}: ${problem.remedy}`
}
