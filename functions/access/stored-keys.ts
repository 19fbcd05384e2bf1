// API keys that were given out through the API: made of random bytes, found by a hash of their hash. Nothing is remembered
// between requests, so a revoked key ends with the next one.
import { toHex } from '../../delivery/hex.ts'
import { joined } from '../../delivery/join.ts'
import { findKey } from '../../drizzle/queries.gen.ts'
import { openDatabase } from '../db.ts'
import type { Settings } from '../settings.ts'
import { type ApiKey, findByHash, hashOf } from './api-keys.ts'

export const keyBytes = 32

/** `obk_` and the bytes in hexadecimal, which may stand in a URL, a shell and a setting. */
export const formatApiKey = (bytes: Uint8Array): string => `obk_${toHex(bytes)}`

const pattern = new RegExp(`^obk_[0-9a-f]{${keyBytes * 2}}$`)

/**
 * What the database holds. Not the hash that the functions know a key by: that one also keys the HMAC of an Idempotency-Key
 * (functions/http/idempotency-key.ts), which whoever reads the database must not be able to make.
 */
export async function storedHash(hash: Uint8Array): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', joined('api-key\0', hash))))
}

/** The time that the search takes tells nothing: nobody can choose the hash of a guess. */
export async function findStoredKey(settings: Settings, presented: string): Promise<ApiKey | null> {
  return pattern.test(presented) ? findStoredKeyByHash(settings, await hashOf(presented)) : null
}

/** The key, of the setting or given out, whose hash a session or a link of the console remembers. */
export async function findKeyByHash(
  settings: Settings,
  hash: Uint8Array<ArrayBuffer>,
): Promise<ApiKey | null> {
  return findByHash(settings.apiKeys, hash) ?? findStoredKeyByHash(settings, hash)
}

async function findStoredKeyByHash(
  settings: Settings,
  hash: Uint8Array<ArrayBuffer>,
): Promise<ApiKey | null> {
  const db = openDatabase(settings)
  try {
    const found = await findKey(db.run, { hash: await storedHash(hash) })
    if (!found) return null
    const { name, scope, tenant, expiresAt } = found
    return {
      name,
      scope: scope as ApiKey['scope'],
      tenant,
      hash,
      expiresAt: expiresAt === null ? null : new Date(expiresAt),
    }
  } finally {
    await db.close()
  }
}
