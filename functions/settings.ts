// The outbox's settings: read once per isolate, checked together, frozen. A Worker can't refuse to start, so while one of
// them is wrong every request is answered with 503 and the setting's name.
import { type Keyring, openKeyring } from '../delivery/secrets.ts'
import {
  type DeliverySettings,
  type Environment,
  expected,
  historyDays,
  integer,
  metricsEndpoints,
  read,
  readDeliverySettings,
  text,
} from '../delivery/settings.ts'
import type { AccessProxy } from './access/access-proxy.ts'
import { type ApiKey, parseApiKeys } from './access/api-keys.ts'
import { chooseDriver, type DriverName, hyperdriveUrl } from './database/choose.ts'
import type { Database } from './db.ts'
import { type DoorbellSettings, doorbellSettings } from './doorbell/settings.ts'
import { type EdgeBindings, edgeBindings } from './edge/bindings.ts'
import { log } from './http/log.ts'

export type Env = Environment

/** What Hono's handlers find in their context. */
export interface App {
  Bindings: Env
  Variables: { settings: Settings; db: Database; apiKey?: ApiKey; requestId: string }
}

export interface Settings {
  readonly databaseUrl: string
  readonly driver: DriverName
  /** Development only: where SQL over HTTP is answered in place of Neon. */
  readonly neonProxy: string | null
  readonly apiKeys: readonly ApiKey[]
  readonly delivery: DeliverySettings
  readonly keyring: Keyring
  /** Endpoints that /metrics names. */
  readonly metricsEndpoints: number
  /** What the console calls this installation; null = nothing. */
  readonly environment: string | null
  /** In front of the console; null = none. */
  readonly accessProxy: AccessProxy | null
  /** How long the history of the attempts is kept by the minute. */
  readonly historyDays: number
  /** null = the listener and the cron function send. */
  readonly edge: EdgeBindings | null
  /** null = none: the cron function looks into the database every time. */
  readonly doorbell: DoorbellSettings | null
  /** Requests that a run of the cron function, or of a consumer at the edge, may make. */
  readonly maxSubrequests: number
}

export const readSettings = oncePerEnvironment(async (env): Promise<Settings> => {
  const delivery = readDeliverySettings(env)
  const settings = Object.freeze({
    ...database(env),
    apiKeys: await apiKeys(env),
    delivery,
    keyring: await openKeyring(delivery.masterKeys),
    metricsEndpoints: metricsEndpoints(env),
    environment: environment(env),
    accessProxy: accessProxy(env),
    historyDays: historyDays(env),
    edge: edgeBindings(env),
    doorbell: doorbellSettings(env),
    maxSubrequests: integer(env, 'OUTBOX_CRON_SUBREQUESTS', { default: 45, min: 20, max: 9_000 }),
  })
  log('settings read', { driver: settings.driver })
  return settings
})

/** DATABASE_URL decides; where it is not set, a Hyperdrive binding does. */
function database(env: Env): Pick<Settings, 'databaseUrl' | 'driver' | 'neonProxy'> {
  const hyperdrive = read(env, 'DATABASE_URL') === null ? hyperdriveUrl(env) : null
  if (hyperdrive !== null) return { databaseUrl: hyperdrive, driver: 'hyperdrive', neonProxy: null }
  const databaseUrl = text(env, 'DATABASE_URL', {
    expected: 'a connection string: postgresql://user:password@host/database',
    accepts: isConnectionString,
  })
  const proxy = neonProxy(env)
  return { databaseUrl, driver: chooseDriver(databaseUrl, proxy), neonProxy: proxy }
}

/** Wrong settings are not kept: once they are mended, the next request works. */
export function oncePerEnvironment<T>(check: (env: Env) => Promise<T>): (env: Env) => Promise<T> {
  const known = new WeakMap<Env, T>()
  return async env => {
    const settings = known.get(env) ?? (await check(env))
    known.set(env, settings)
    return settings
  }
}

function isConnectionString(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, username, pathname } = new URL(value)
  return /^postgres(ql)?:$/.test(protocol) && username !== '' && pathname.length > 1
}

function neonProxy(env: Env): string | null {
  const value = read(env, 'NEON_PROXY')
  if (value === null || URL.canParse(value)) return value
  throw expected('NEON_PROXY', 'a URL, and only in development')
}

function environment(env: Env): string | null {
  const name = 'OUTBOX_ENVIRONMENT'
  const value = read(env, name)
  if (value === null || /^[\w .-]{1,40}$/.test(value)) return value
  throw expected(name, 'a word such as production or staging')
}

/** The team's domain and the application's audience belong together: without one of them nobody could be told apart. */
function accessProxy(env: Env): AccessProxy | null {
  const team = read(env, 'OUTBOX_ACCESS_TEAM_DOMAIN')
  const audience = read(env, 'OUTBOX_ACCESS_AUDIENCE')
  const admins = read(env, 'OUTBOX_ACCESS_ADMINS')?.toLowerCase()
  if (team === null && audience === null) return null
  const issuer = team === null ? null : originOf(team.includes('://') ? team : `https://${team}`)
  if (issuer === null)
    throw expected(
      'OUTBOX_ACCESS_TEAM_DOMAIN',
      'the domain of the team, TEAM.cloudflareaccess.com, together with OUTBOX_ACCESS_AUDIENCE',
    )
  if (audience === null)
    throw expected(
      'OUTBOX_ACCESS_AUDIENCE',
      "the application's audience (AUD) tag, together with OUTBOX_ACCESS_TEAM_DOMAIN",
    )
  const named = new Set(admins?.split(',').map(email => email.trim()) ?? [])
  return { issuer, audience, admins: admins === '*' ? null : named }
}

/** Keys that come unencrypted prove nothing, unless they come from this machine. */
function originOf(url: string): string | null {
  if (!URL.canParse(url)) return null
  const { protocol, hostname, origin } = new URL(url)
  const isLocal = protocol === 'http:' && /^(localhost|127\.0\.0\.1)$/.test(hostname)
  return protocol === 'https:' || isLocal ? origin : null
}

async function apiKeys(env: Env): Promise<readonly ApiKey[]> {
  const name = 'OUTBOX_API_KEYS'
  const keys = await parseApiKeys(read(env, name) ?? '')
  if (!keys)
    throw expected(
      name,
      'name:scope:key or name:scope:key:tenant with commas between them, scope admin or read',
    )
  return keys
}
