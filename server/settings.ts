// Reads and checks what one process needs to be the whole outbox. What the functions and the listener need, they read
// themselves, from the same environment.
import { type Environment, expected, integer, read, seconds } from '../delivery/settings.ts'
import { readSettings } from '../functions/settings.ts'
import { type ListenerSettings, readListenerSettings } from '../worker/settings.ts'

export const partNames = ['api', 'listener', 'cron'] as const
export type PartName = (typeof partNames)[number]

export interface ServerSettings {
  /** What runs in this process. */
  readonly parts: ReadonlySet<PartName>
  readonly host: string
  /** 0 = a free one. */
  readonly port: number
  readonly cronSeconds: number
  /** The environment of the functions. */
  readonly env: Environment
  readonly listener: ListenerSettings
}

export async function readServerSettings(given: Environment): Promise<ServerSettings> {
  const env = withDefaults(given)
  await readSettings(env)
  return Object.freeze({
    parts: parts(env),
    host: read(env, 'OUTBOX_HOST') ?? '127.0.0.1',
    port: integer(env, 'OUTBOX_PORT', { default: 8787, min: 0, max: 65_535 }),
    cronSeconds: seconds(env, 'OUTBOX_CRON_SECONDS', { default: 60, min: 1, max: 3600 }),
    env,
    listener: readListenerSettings(env),
  })
}

/** No platform counts subrequests here. */
const cronSubrequests = '9000'

/** One connection string is enough. Platforms that run containers say the port in PORT. */
function withDefaults(env: Environment): Environment {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value))
  const url = given.DATABASE_URL ?? given.DATABASE_URL_UNPOOLED
  return {
    DATABASE_URL: url,
    DATABASE_URL_UNPOOLED: url,
    OUTBOX_CRON_SUBREQUESTS: cronSubrequests,
    OUTBOX_PORT: given.PORT,
    ...given,
  }
}

function parts(env: Environment): ReadonlySet<PartName> {
  const name = 'OUTBOX_SERVE'
  const wanted =
    read(env, name)
      ?.split(',')
      .map(part => part.trim()) ?? partNames
  if (wanted.every(part => partNames.some(known => known === part))) return new Set(wanted as PartName[])
  throw expected(name, `some of ${partNames.join(', ')}, with commas between them`)
}
