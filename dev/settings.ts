// The settings of the development system: open where production is closed, and the environment always wins.
import type { Secrets } from './state.ts'

const defaults = {
  OUTBOX_API_KEYS: 'dev:admin:dev',
  OUTBOX_ORDERS_PUBLIC: 'true',
  OUTBOX_ALLOW_HTTP: 'true',
  OUTBOX_ALLOW_PRIVATE_NETWORKS: '127.0.0.0/8,::1/128',
}

export type Settings = Record<string, string>

const OURS = /^(OUTBOX_|DATABASE_URL|NEON_PROXY$|NOTIFICATIONS_SECRET$|BILLING_SECRET$)/

export function developmentSettings(secrets: Secrets, env: NodeJS.ProcessEnv): Settings {
  return { ...defaults, ...secrets, ...givenSettings(env) }
}

/** Of an environment what the functions and the listener may know: nothing of it is theirs but this. */
export function givenSettings(env: NodeJS.ProcessEnv): Settings {
  return Object.fromEntries(
    Object.entries(env).filter(([name, value]) => OURS.test(name) && value),
  ) as Settings
}

/** The first key that may do everything: `name:admin:key`. */
export function adminKey(settings: Settings): string | undefined {
  const keys = (settings.OUTBOX_API_KEYS ?? '').split(',').map(key => key.trim().split(':'))
  return keys
    .find(([, scope]) => scope === 'admin')
    ?.slice(2)
    .join(':')
}
