// An endpoint's signing keys: generated or given, sealed for their row, shown once.
import { secretContext } from '../../delivery/endpoint.ts'
import { toHex } from '../../delivery/hex.ts'
import {
  formatPublicKey,
  formatSecret,
  generateSecret,
  parseSecret,
  type Signing,
  type SigningKey,
} from '../../delivery/keys.ts'
import type { Keyring } from '../../delivery/secrets.ts'
import type { Database } from '../db.ts'
import type { InputError } from '../http/problem.ts'

/** A new key, or the given one that the receiver knows already. A repeat with the same Idempotency-Key gets the same key. */
export async function chooseKey(
  db: Pick<Database, 'randomOnce'>,
  signing: Signing,
  secret: string | undefined,
): Promise<SigningKey | InputError> {
  if (secret !== undefined) {
    const known = await parseSecret(secret)
    if (known?.signing !== signing) return { path: 'secret', message: expected[signing] }
    return known
  }
  const { bytes } = await generateSecret(signing)
  return { signing, bytes: await db.randomOnce('secret', bytes) }
}

const expected: Record<Signing, string> = {
  hmac: 'must be whsec_ and the base64 of 24 to 64 bytes',
  ed25519: 'must be whsk_ and the base64 of 32 bytes, or of these and the public key',
}

export async function sealKey(keyring: Keyring, key: SigningKey, secretId: string, endpointId: string) {
  return {
    sealed: toHex(await keyring.seal(key.bytes, secretContext(secretId, endpointId))),
    publicKey: key.signing === 'ed25519' ? formatPublicKey(key) : null,
  }
}

/** Shown once. An HMAC key is shared with the receiver; of an ed25519 key the receiver gets only the public half. */
export function showKey(key: SigningKey): { secret: string } | { public_key: string } {
  return key.signing === 'hmac' ? { secret: formatSecret(key) } : { public_key: formatPublicKey(key) }
}
