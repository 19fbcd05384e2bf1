// Who is signed in. The cookie holds no key: it holds the key's hash, sealed under the master key, so that the key itself is
// looked up for each request and one that is revoked or over ends the session with the next. Of somebody who came through an
// access proxy it holds the address; what they may do is looked up likewise.
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { decodeBase64Url, encodeBase64Url } from '../../delivery/base64.ts'
import { fromHex, toHex } from '../../delivery/hex.ts'
import { accessHeader, keyOfPerson, type Person, readPerson } from '../access/access-proxy.ts'
import type { ApiKey } from '../access/api-keys.ts'
import { findKeyByHash } from '../access/stored-keys.ts'
import type { App, Settings } from '../settings.ts'

export interface Session {
  readonly who: { readonly keyHash: string } | Person
  /** Every form carries it: a page of another origin can send a form, but cannot know it. */
  readonly token: string
  readonly startedAtMs: number
}

export const sessionHours = 8
const sessionMs = sessionHours * 3_600_000
const cookieName = 'outbox_console'
const sealedFor = 'console-session'

export function newSession(who: ApiKey | Person): Session {
  return {
    who: 'email' in who ? who : { keyHash: toHex(who.hash) },
    token: toHex(crypto.getRandomValues(new Uint8Array(16))),
    startedAtMs: Date.now(),
  }
}

export async function keepSession(
  c: Context<App>,
  { keyring }: Settings,
  session: Session,
  path: string,
): Promise<void> {
  const value = encodeBase64Url(
    await keyring.seal(new TextEncoder().encode(JSON.stringify(session)), sealedFor),
  )
  setCookie(c, cookieName, value, { ...attributes(c, path), maxAge: sessionHours * 3600 })
}

export function endSession(c: Context<App>, path: string): void {
  deleteCookie(c, cookieName, attributes(c, path))
}

/** Strict: no link or form of another site is sent with it. A browser keeps a Secure cookie of plain http only from itself. */
function attributes(c: Context<App>, path: string) {
  const { protocol, hostname } = new URL(c.req.url)
  const isLocal = protocol === 'http:' && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname)
  return { path, httpOnly: true, secure: !isLocal, sameSite: 'Strict' } as const
}

/** With what its owner may do. */
export interface Found {
  readonly session: Session
  readonly key: ApiKey
}

/** null: there is none, it is over, or its key is. */
export async function readSession(c: Context<App>, settings: Settings): Promise<Found | null> {
  const session = await openSession(settings, getCookie(c, cookieName))
  if (!session || Date.now() - session.startedAtMs > sessionMs) return null
  const key = await keyOf(session, settings)
  return key && { session, key }
}

async function keyOf({ who }: Session, settings: Settings): Promise<ApiKey | null> {
  const { accessProxy } = settings
  if ('email' in who)
    return accessProxy && Date.now() < who.untilMs ? keyOfPerson(accessProxy, who.email) : null
  return findKeyByHash(settings, new Uint8Array(fromHex(who.keyHash)))
}

/** Somebody without a session whom an access proxy vouches for. */
export async function beginByProxy(c: Context<App>, settings: Settings): Promise<Found | null> {
  const { accessProxy } = settings
  const token = c.req.header(accessHeader)
  const person = accessProxy && token ? await readPerson(accessProxy, token) : null
  if (!accessProxy || !person) return null
  return { session: newSession(person), key: await keyOfPerson(accessProxy, person.email) }
}

async function openSession({ keyring }: Settings, value: string | undefined): Promise<Session | null> {
  const sealed = value === undefined ? null : decodeBase64Url(value)
  if (!sealed) return null
  try {
    const session = JSON.parse(new TextDecoder().decode(await keyring.open(sealed, sealedFor)))
    return 'who' in session ? session : null // or it is of an earlier version
  } catch {
    return null // changed on its way, or sealed under a master key that is gone
  }
}
