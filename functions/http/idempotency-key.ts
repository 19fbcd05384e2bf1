// Whose an Idempotency-Key is, and what the database holds of it: a keyed hash. The key itself may say something (an order's
// number), and a person who has it sees an answer.
import type { Context } from 'hono'
import { keyedHash } from '../../delivery/secrets.ts'
import { hmacSha256 } from '../../delivery/signature.ts'
import type { ApiKey } from '../access/api-keys.ts'
import { clientAddress } from '../access/client-address.ts'
import { sourceOf } from '../access/rate-limit.ts'
import type { App } from '../settings.ts'

export interface HashedKey {
  /** The API key's name; empty for callers without one, because a name never is. */
  readonly owner: string
  /** The first is stored; the others find what was stored before a key changed. */
  readonly hashes: readonly string[]
}

/**
 * A key belongs to the name of the API key it came with. It is hashed under the API key, of which the database holds nothing,
 * and not under a master key: a repeat has to be recognized after the master key is gone, or it would have a second effect.
 * While an API key is replaced, both of the same name are configured, and each recognizes what came with the other.
 *
 * A caller without an API key is known by nothing but the address, which others may share. So there the key belongs to the
 * address and the very same request: repeats are safe, and nobody takes up a key of somebody else's. It is hashed under the
 * master keys; for a day after the first of them has changed, the one before has to stay.
 */
export async function hashedKey(c: Context<App>, key: string, fingerprint: string): Promise<HashedKey> {
  const { apiKey, settings } = c.var
  if (!apiKey) {
    const text = JSON.stringify([sourceOf(clientAddress(c)), fingerprint, key])
    return { owner: '', hashes: await settings.keyring.hashes(text, purpose) }
  }
  const sameName = settings.apiKeys.filter(other => other !== apiKey && other.name === apiKey.name)
  const hashes = await Promise.all([apiKey, ...sameName].map(owner => hashUnder(owner, key)))
  return { owner: apiKey.name, hashes }
}

const purpose = 'idempotency-key'

async function hashUnder({ hash }: Pick<ApiKey, 'hash'>, key: string): Promise<string> {
  const secret = await crypto.subtle.importKey('raw', new Uint8Array(hash), hmacSha256, false, ['sign'])
  return keyedHash(secret, key, purpose)
}
