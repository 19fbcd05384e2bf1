// A link that signs in once: a code in place of a key, so that the key does not stand in a browser's history. What makes it good
// for one time is a token bucket with one token.
import { decodeBase64Url, encodeBase64Url } from '../../delivery/base64.ts'
import { toHex } from '../../delivery/hex.ts'
import type { Keyring } from '../../delivery/secrets.ts'
import { takeToken } from '../../drizzle/queries.gen.ts'
import type { Run } from '../../drizzle/run.ts'
import type { ApiKey } from '../access/api-keys.ts'
import { findKeyByHash } from '../access/stored-keys.ts'
import type { Settings } from '../settings.ts'

const sealedFor = 'console-link'

/** Shorter than the bucket is remembered, or the link would work once more. */
export const validMs = 30 * 60_000
const once = { size: 1, perSecond: 1 / 3_500 }

const hashBytes = 32
const nonceBytes = 12

/** The hash of the key, a nonce, and until when it is good: sealed under the master key. */
export async function writeLinkCode(
  keyring: Keyring,
  keyHash: Uint8Array,
  nowMs = Date.now(),
): Promise<string> {
  const until = new Uint8Array(8)
  new DataView(until.buffer).setFloat64(0, nowMs + validMs)
  const nonce = crypto.getRandomValues(new Uint8Array(nonceBytes))
  const link = new Uint8Array([...keyHash, ...nonce, ...until])
  return encodeBase64Url(await keyring.seal(link, sealedFor))
}

/** The key that the link is for; null when the link is over, was used, or is none, and when the key is gone. */
export async function useLinkCode(run: Run, settings: Settings, code: string): Promise<ApiKey | null> {
  const link = await openLink(settings.keyring, code)
  if (link === null) return null
  const untilMs = new DataView(link.buffer).getFloat64(hashBytes + nonceBytes)
  if (Date.now() > untilMs) return null
  const nonce = toHex(link.slice(hashBytes, hashBytes + nonceBytes))
  const { waitSeconds } = await takeToken(run, { name: `console-link/${nonce}`, ...once })
  return waitSeconds > 0 ? null : findKeyByHash(settings, link.slice(0, hashBytes))
}

async function openLink(keyring: Keyring, code: string): Promise<Uint8Array<ArrayBuffer> | null> {
  const sealed = decodeBase64Url(code)
  try {
    return sealed && (await keyring.open(sealed, sealedFor))
  } catch {
    return null
  }
}
