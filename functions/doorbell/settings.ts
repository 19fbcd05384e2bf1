// The doorbell: a Durable Object that knows whether there is anything to do, so that nobody has to ask the database. It is used
// where wrangler.toml binds it ([env.edge]).
import { type Environment, expected, read, sleepLookSeconds } from '../../delivery/settings.ts'
import type { ObjectBinding } from '../edge/object.ts'

export interface DoorbellSettings {
  readonly object: ObjectBinding
  readonly lookSeconds: number
  /** A listener that sleeps, and is woken for what there is to do; null = the cron function does it. */
  readonly wake: { readonly url: string; readonly token: string } | null
}

/** null = there is none. */
export function doorbellSettings(env: Environment): DoorbellSettings | null {
  const object = (env as Readonly<Record<string, unknown>>).OUTBOX_DOORBELL as ObjectBinding | undefined
  if (typeof object?.get !== 'function') return null
  return { object, lookSeconds: sleepLookSeconds(env), wake: wake(env) }
}

function wake(env: Environment): DoorbellSettings['wake'] {
  const name = 'OUTBOX_WAKE_URL'
  const url = read(env, name)
  const token = read(env, 'OUTBOX_WAKE_TOKEN')
  if (url === null) return null
  if (token !== null && URL.canParse(url) && /^https?:/.test(url)) return { url, token }
  throw expected(name, "the address of a listener's POST /wake, together with OUTBOX_WAKE_TOKEN")
}
