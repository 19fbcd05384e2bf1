// Reads, checks and freezes the listener's settings. A listener with a bad setting does not start.
import pg from 'pg'
import {
  type DeliverySettings,
  type Environment,
  expected,
  flag,
  historyDays,
  integer,
  metricsEndpoints,
  read,
  readDeliverySettings,
  SettingsError,
  seconds,
  sleepLookSeconds,
  text,
} from '../delivery/settings.ts'
import { sqlstate } from './database.ts'

export interface ListenerSettings extends DeliverySettings {
  readonly databaseUrl: string
  readonly pollSeconds: number
  /** With nothing to do for so long, it lets go of the database; null = never. */
  readonly sleepAfterSeconds: number | null
  /** Asleep, it looks so often for what nobody rang for. */
  readonly sleepLookSeconds: number
  /** Who may wake it on its health port; null = nobody. */
  readonly wakeToken: string | null
  readonly healthPort: number
  /** The address that it listens on; :: = every one of this machine. */
  readonly healthHost: string
  /** 1 = one thread does everything; more = so many sign and send, beside the main one. */
  readonly threads: number
  /** False: new webhooks leave before their leases are safe on the server's disk. */
  readonly durableLeases: boolean
  /** Endpoints that /metrics names. */
  readonly metricsEndpoints: number
  readonly logLevel: string
  /** Log lines for successes, and as many for failures. */
  readonly logAttemptsPerSecond: number
  /** How long the history of the attempts is kept by the minute. */
  readonly historyDays: number
  /** An HTTP proxy that all webhooks are sent through (CONNECT); null = they are sent directly. */
  readonly egressProxy: string | null
  /** Where spans are sent by OTLP; null = none are made. */
  readonly otlpEndpoint: string | null
}

const logLevels = ['debug', 'info', 'warn', 'error', 'silent']

export function readListenerSettings(env: Environment): ListenerSettings {
  return Object.freeze({
    ...readDeliverySettings(env),
    ...readDatabaseSettings(env),
    ...sleep(env),
    threads: integer(env, 'OUTBOX_LISTENER_THREADS', { default: 1, min: 1, max: 8 }),
    durableLeases: flag(env, 'OUTBOX_DURABLE_LEASES', true),
    logAttemptsPerSecond: integer(env, 'OUTBOX_LOG_ATTEMPTS_PER_SECOND', {
      default: 100,
      min: 0,
      max: 1_000_000,
    }),
    egressProxy: egressProxy(env),
    otlpEndpoint: otlpEndpoint(env),
  })
}

function sleep(env: Environment): Pick<ListenerSettings, 'sleepAfterSeconds' | 'sleepLookSeconds'> {
  const after = 'OUTBOX_SLEEP_AFTER_SECONDS'
  return {
    sleepAfterSeconds:
      read(env, after) === null ? null : seconds(env, after, { default: 60, min: 1, max: 3600 }),
    sleepLookSeconds: sleepLookSeconds(env),
  }
}

/** What has to do with the database and with health, and nothing with sending. */
export function readDatabaseSettings(env: Environment) {
  return {
    databaseUrl: databaseUrl(env),
    pollSeconds: seconds(env, 'OUTBOX_POLL_SECONDS', { default: 5, min: 0.05, max: 3600 }),
    healthPort: integer(env, 'OUTBOX_HEALTH_PORT', { default: 9090, min: 0, max: 65_535 }),
    healthHost: read(env, 'OUTBOX_HEALTH_HOST') ?? '127.0.0.1',
    wakeToken: read(env, 'OUTBOX_WAKE_TOKEN'),
    metricsEndpoints: metricsEndpoints(env),
    logLevel: logLevel(env),
    historyDays: historyDays(env),
  }
}

function databaseUrl(env: Environment): string {
  const name = 'DATABASE_URL_UNPOOLED'
  const url = text(env, name, {
    expected: 'the direct connection string, postgresql://user:password@host/database',
    accepts: value => /^postgres(ql)?:$/.test(protocolOf(value)),
  })
  if (/-pooler\./.test(new URL(url).hostname)) {
    throw new SettingsError(
      `${name} names a pooled host: a pooler swallows LISTEN, and nothing would ever wake the listener. ` +
        'Expected the direct host, the one without "-pooler".',
    )
  }
  refuseUnreadable(name, url)
  return url
}

/** The driver reads it again for each connection, and would fail each time. */
function refuseUnreadable(name: string, connectionString: string): void {
  try {
    new pg.Client({ connectionString })
  } catch (error) {
    throw new SettingsError(
      `${name} cannot be read (${sqlstate(error)}): expected special characters of the user and the password as %XX, ` +
        'and certificate files that exist and that this user may read.',
    )
  }
}

function logLevel(env: Environment): string {
  const level = read(env, 'OUTBOX_LOG_LEVEL') ?? 'info'
  if (logLevels.includes(level)) return level
  throw expected('OUTBOX_LOG_LEVEL', `one of ${logLevels.join(', ')}`)
}

function egressProxy(env: Environment): string | null {
  const proxy = read(env, 'OUTBOX_EGRESS_PROXY')
  if (proxy === null || /^https?:$/.test(protocolOf(proxy))) return proxy
  throw expected('OUTBOX_EGRESS_PROXY', 'the address of an HTTP proxy, http://host:port')
}

function otlpEndpoint(env: Environment): string | null {
  const name = 'OTEL_EXPORTER_OTLP_ENDPOINT'
  const endpoint = read(env, name)
  if (endpoint === null || /^https?:$/.test(protocolOf(endpoint))) return endpoint
  throw expected(name, 'the address of an OTLP collector that speaks HTTP, http://host:4318')
}

const protocolOf = (url: string): string => (URL.canParse(url) ? new URL(url).protocol : '')
