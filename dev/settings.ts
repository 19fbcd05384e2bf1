// The settings of the development system. The defaults are open where production is closed; the environment overrides them.
import { readSettings as readFunctionsSettings } from '../functions/settings.ts'
import { readShopSettings } from '../functions/shop/settings.ts'
import { readListenerSettings } from '../worker/settings.ts'
import type { Secrets } from './state.ts'

export type Settings = Record<string, string>

const defaults = {
  OUTBOX_API_KEYS: 'dev:admin:dev',
  OUTBOX_ENVIRONMENT: 'development',
  OUTBOX_ORDERS_PUBLIC: 'true',
  OUTBOX_ALLOW_HTTP: 'true',
  OUTBOX_ALLOW_PRIVATE_NETWORKS: '127.0.0.0/8,::1/128',
  OUTBOX_POSTGRES_PORT: '15432',
  OUTBOX_HEALTH_PORT: '9090',
}

const settingNames = /^(OUTBOX_|DATABASE_URL|NEON_PROXY$|NOTIFICATIONS_SECRET$|BILLING_SECRET$)/

/** The part of an environment that the functions and the listener get. */
export function givenSettings(env: NodeJS.ProcessEnv): Settings {
  return Object.fromEntries(
    Object.entries(env).filter(([name, value]) => settingNames.test(name) && value),
  ) as Settings
}

/** The settings that are always set, and all others that were given. */
export type DevelopmentSettings = Settings &
  typeof defaults &
  Record<'DATABASE_URL' | 'DATABASE_URL_UNPOOLED', string>

export function developmentSettings(secrets: Secrets, env: NodeJS.ProcessEnv): DevelopmentSettings {
  const settings: Settings & typeof defaults = { ...defaults, ...secrets, ...givenSettings(env) }
  const embedded = `postgresql://postgres@127.0.0.1:${settings.OUTBOX_POSTGRES_PORT}/outboxdb`
  const url = settings.DATABASE_URL ?? settings.DATABASE_URL_UNPOOLED ?? embedded
  return { DATABASE_URL: url, DATABASE_URL_UNPOOLED: url, ...settings }
}

/** Makes the checks of the functions and the listener before anything is started. */
export async function checkSettings(settings: Settings): Promise<void> {
  readListenerSettings(settings)
  await readFunctionsSettings(settings)
  await readShopSettings(settings)
}

/** The first admin key without a tenant: `name:admin:key`. */
export function adminKey(settings: Settings): string | undefined {
  const keys = (settings.OUTBOX_API_KEYS ?? '').split(',').map(key => key.trim().split(':'))
  return keys.find(([, scope, , tenant]) => scope === 'admin' && tenant === undefined)?.at(2)
}
