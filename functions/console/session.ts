// Who is signed in. The cookie holds no key: it holds the key's hash, sealed under the master key, so that the key itself is
// looked up for each request and one that is revoked or over ends the session with the next.
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { decodeBase64Url, encodeBase64Url } from '../../delivery/base64.ts'
import { fromHex, toHex } from '../../delivery/hex.ts'
import { type ApiKey, findByHash } from '../access/api-keys.ts'
import { findStoredKeyByHash } from '../access/stored-keys.ts'
import type { App, Settings } from '../settings.ts'

export interface Session {
  readonly keyHash: string
  /** Every form carries it: a page of another origin can send a form, but cannot know it. */
  readonly token: string
  readonly startedAtMs: number
}

export const sessionHours = 8
const sessionMs = sessionHours * 3_600_000
const cookieName = 'outbox_console'
const sealedFor = 'console-session'

export async function startSession(
  c: Context<App>,
  { keyring }: Settings,
  key: ApiKey,
  path: string,
): Promise<void> {
  const session: Session = {
    keyHash: toHex(key.hash),
    token: toHex(crypto.getRandomValues(new Uint8Array(16))),
    startedAtMs: Date.now(),
  }
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

/** null: there is none, it is over, or its key is. */
export async function readSession(
  c: Context<App>,
  settings: Settings,
): Promise<{ readonly session: Session; readonly key: ApiKey } | null> {
  const session = await openSession(settings, getCookie(c, cookieName))
  if (!session || Date.now() - session.startedAtMs > sessionMs) return null
  const hash = new Uint8Array(fromHex(session.keyHash))
  const key = findByHash(settings.apiKeys, hash) ?? (await findStoredKeyByHash(settings, hash))
  return key && { session, key }
}

async function openSession({ keyring }: Settings, value: string | undefined): Promise<Session | null> {
  const sealed = value === undefined ? null : decodeBase64Url(value)
  if (!sealed) return null
  try {
    return JSON.parse(new TextDecoder().decode(await keyring.open(sealed, sealedFor)))
  } catch {
    return null // changed on its way, or sealed under a master key that is gone
  }
}
