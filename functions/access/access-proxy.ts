// Whoever comes through an access proxy (Cloudflare Access) has shown there who they are, and the proxy says so with a signed
// token in each request. It is checked against the proxy's keys, so that nobody is believed who has found a way around it.
import { Jwt } from 'hono/utils/jwt'
import { log } from '../http/log.ts'
import { type ApiKey, hashOf } from './api-keys.ts'

export interface AccessProxy {
  /** Where its keys are, and who its tokens are from: `https://TEAM.cloudflareaccess.com`. */
  readonly issuer: string
  /** Of this application, as the proxy calls it. */
  readonly audience: string
  /** Who may change something, by e-mail address; null = everybody that the proxy lets through. */
  readonly admins: ReadonlySet<string> | null
}

export const accessHeader = 'cf-access-jwt-assertion'

export interface Person {
  readonly email: string
  /** When the proxy wants to see them again. */
  readonly untilMs: number
}

/** null: the token is none of this proxy's for this application and a person, or it is over. */
export async function readPerson({ issuer, audience }: AccessProxy, token: string): Promise<Person | null> {
  try {
    const keys = await keysFor(issuer, token)
    const { exp, nbf, email } = await Jwt.verifyWithJwks(token, {
      keys,
      allowedAlgorithms: ['RS256', 'ES256'],
      verification: { iss: issuer, aud: audience, nbf: false, iat: false },
    })
    const isEarly = typeof nbf === 'number' && nbf * 1000 > Date.now() + clockSkewMs
    // A service's token names nobody.
    if (typeof exp !== 'number' || isEarly || typeof email !== 'string' || !isEmail.test(email)) return null
    return { email: email.toLowerCase(), untilMs: exp * 1000 }
  } catch (error) {
    log('a token of the access proxy was refused', { error: (error as Error).name })
    return null
  }
}

/** As a key has it. Its name has an @, which no key's name has. */
export async function keyOfPerson({ admins }: AccessProxy, email: string): Promise<ApiKey> {
  const scope = admins === null || admins.has(email) ? 'admin' : 'read'
  return { name: email, scope, tenant: null, expiresAt: null, hash: await hashOf(`access-proxy\0${email}`) }
}

const isEmail = /^[^@\s]+@[^@\s]+$/
const clockSkewMs = 60_000
const keptMs = 3_600_000
/** A key that is not known may be new. Whoever makes up names of keys does not make us ask more often. */
const askAgainMs = 10_000
const deadlineMs = 5_000

type Keys = NonNullable<Parameters<typeof Jwt.verifyWithJwks>[1]['keys']>

const known = new Map<string, { readonly keys: Keys; readonly atMs: number }>()

async function keysFor(issuer: string, token: string): Promise<Keys> {
  const { kid } = Jwt.decode(token).header as { readonly kid?: unknown }
  const found = known.get(issuer)
  const ageMs = found ? Date.now() - found.atMs : Number.POSITIVE_INFINITY
  if (found && ageMs < (found.keys.some(key => key.kid === kid) ? keptMs : askAgainMs)) return found.keys
  const keys = await fetchKeys(issuer)
  known.set(issuer, { keys, atMs: Date.now() })
  return keys
}

async function fetchKeys(issuer: string): Promise<Keys> {
  const answer = await fetch(`${issuer}/cdn-cgi/access/certs`, {
    redirect: 'manual',
    signal: AbortSignal.timeout(deadlineMs),
  })
  if (!answer.ok) throw new Error(`the keys were answered with ${answer.status}`)
  const { keys } = (await answer.json()) as { readonly keys?: unknown }
  if (!Array.isArray(keys)) throw new Error('the answer has no keys')
  return keys as Keys
}
