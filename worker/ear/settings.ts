// The settings of an ear: those of a listener that it needs, and where it rings. No master key: it sends nothing.
import { type Environment, expected, read, readRules, text } from '../../delivery/settings.ts'
import { type ListenerSettings, readDatabaseSettings } from '../settings.ts'

export type EarSettings = ReturnType<typeof readRules> &
  Pick<ListenerSettings, keyof ReturnType<typeof readDatabaseSettings>> & {
    /** POST /v1/ring of the functions. */
    readonly ringUrl: string
    readonly ringKey: string
  }

/** What a process of the listener's program is: a listener, or with edge sending only an ear for those that send there. */
export function readRole(env: Environment): 'listener' | 'ear' {
  const name = 'OUTBOX_ROLE'
  const role = read(env, name) ?? 'listener'
  if (role === 'listener' || role === 'ear') return role
  throw expected(name, 'listener or ear')
}

export function readEarSettings(env: Environment): EarSettings {
  return Object.freeze({
    ...readRules(env),
    ...readDatabaseSettings(env),
    ringUrl: text(env, 'OUTBOX_RING_URL', {
      expected: 'the address of POST /v1/ring, https://outbox.example.com/v1/ring, where OUTBOX_ROLE is ear',
      accepts: value => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol),
    }),
    ringKey: text(env, 'OUTBOX_RING_KEY', {
      expected: 'an API key that may read, where OUTBOX_ROLE is ear',
      accepts: value => /^\S+$/.test(value),
    }),
  })
}
