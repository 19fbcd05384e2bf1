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

interface Wanted {
  readonly signing: Signing
  readonly secret?: string | undefined
}

/** A new key, or the given one that the receiver knows already. A repeat with the same Idempotency-Key gets the same key. */
export async function chooseKey(
  db: Pick<Database, 'randomOnce'>,
  signing: Signing,
  secret: string | undefined,
): Promise<SigningKey | InputError> {
  return (await chooseKeys(db, [{ signing, secret }]))[0]!
}

/** Many, with one statement for all of the new ones. */
export async function chooseKeys(
  db: Pick<Database, 'randomOnce'>,
  wanted: readonly Wanted[],
): Promise<(SigningKey | InputError)[]> {
  const chosen = await Promise.all(wanted.map(({ signing, secret }) => knownOrNew(signing, secret)))
  const made = chosen.filter(key => 'isNew' in key)
  if (made.length === 0) return chosen
  const bytes = await db.randomOnce('secret', concat(made.map(key => key.bytes)))
  let at = 0
  return chosen.map(key => {
    if (!('isNew' in key)) return key
    const start = at
    at += key.bytes.length
    return { signing: key.signing, bytes: bytes.slice(start, at) }
  })
}

type New = SigningKey & { readonly isNew: true }

async function knownOrNew(
  signing: Signing,
  secret: string | undefined,
): Promise<SigningKey | New | InputError> {
  if (secret === undefined) return { ...(await generateSecret(signing)), isNew: true }
  const known = await parseSecret(secret)
  return known?.signing === signing ? known : { path: 'secret', message: expected[signing] }
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
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
