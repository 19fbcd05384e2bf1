// The Worker's settings: read once per isolate, checked together, frozen. A Worker can't refuse to start, so while one
// of them is wrong every request is answered with 503 and the setting's name.
import { parsePublicKey, parseSecret } from '../delivery/keys.ts'
import { type Keyring, openKeyring } from '../delivery/secrets.ts'
import {
  type DeliverySettings,
  type Environment,
  expected,
  flag,
  read,
  readDeliverySettings,
  text,
} from '../delivery/settings.ts'
import { type ApiKey, parseApiKeys } from './access/api-keys.ts'
import type { Database } from './db.ts'

export type Env = Environment

/** What Hono's handlers find in their context. */
export interface App {
  Bindings: Env
  Variables: { settings: Settings; db: Database; apiKey?: ApiKey; requestId: string }
}

export interface Settings {
  readonly databaseUrl: string
  /** Development only: where SQL over HTTP is answered in place of Neon. */
  readonly neonProxy: string | null
  readonly apiKeys: readonly ApiKey[]
  readonly ordersPublic: boolean
  /** The demo receivers' own: what they check webhooks with. */
  readonly notificationsSecrets: readonly string[]
  readonly billingSecrets: readonly string[]
  readonly delivery: DeliverySettings
  readonly keyring: Keyring
}

const known = new WeakMap<Env, Settings>()

export async function readSettings(env: Env): Promise<Settings> {
  const settings = known.get(env) ?? (await checkSettings(env))
  known.set(env, settings)
  return settings
}

async function checkSettings(env: Env): Promise<Settings> {
  const delivery = readDeliverySettings(env)
  return Object.freeze({
    databaseUrl: text(env, 'DATABASE_URL', {
      expected: 'a connection string: postgresql://user:password@host/database',
      accepts: isConnectionString,
    }),
    neonProxy: neonProxy(env),
    apiKeys: await apiKeys(env),
    ordersPublic: flag(env, 'OUTBOX_ORDERS_PUBLIC', false),
    notificationsSecrets: await receiverSecrets(env, 'NOTIFICATIONS_SECRET'),
    billingSecrets: await receiverSecrets(env, 'BILLING_SECRET'),
    delivery,
    keyring: await openKeyring(delivery.masterKeys),
  })
}

function isConnectionString(value: string): boolean {
  const url = URL.parse(value)
  return (
    url !== null && /^postgres(ql)?:$/.test(url.protocol) && url.username !== '' && url.pathname.length > 1
  )
}

function neonProxy(env: Env): string | null {
  const value = read(env, 'NEON_PROXY')
  if (value === null || URL.canParse(value)) return value
  throw expected('NEON_PROXY', 'a URL, and only in development')
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

/** Several with commas between them while the endpoint's secret is being changed; none if the receiver is not used. */
async function receiverSecrets(env: Env, name: string): Promise<readonly string[]> {
  const secrets = read(env, name)?.split(',') ?? []
  const valid = await Promise.all(secrets.map(async s => parsePublicKey(s) ?? (await parseSecret(s))))
  if (valid.includes(null)) throw expected(name, 'the whsec_… that the endpoint was created with')
  return secrets
}
