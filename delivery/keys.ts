// Signing keys as text, as Standard Webhooks writes them: whsec_ (HMAC), whsk_ (ed25519), whpk_ (its public half).
import { decodeBase64, decodeBase64Url, encodeBase64 } from './base64.ts'

export type Signing = 'hmac' | 'ed25519'

/** hmac: 24 to 64 random bytes. ed25519: the 32-byte seed, then the 32-byte public key. */
export interface SigningKey {
  readonly signing: Signing
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** A new HMAC key has 24 bytes: strong enough, and the only allowed length below 48 that base64 does not pad. */
const newHmacKeyLength = 24

export async function generateSecret(signing: Signing): Promise<SigningKey> {
  const bytes = crypto.getRandomValues(new Uint8Array(signing === 'hmac' ? newHmacKeyLength : 32))
  return { signing, bytes: signing === 'hmac' ? bytes : await withPublicKey(bytes) }
}

export function formatSecret({ signing, bytes }: SigningKey): string {
  return (signing === 'hmac' ? 'whsec_' : 'whsk_') + encodeBase64(bytes)
}

export function formatPublicKey({ bytes }: SigningKey): string {
  return `whpk_${encodeBase64(bytes.slice(32))}`
}

/** null unless the text is a secret we may sign with. A whsk_ may be the seed alone; if its halves disagree it is refused. */
export async function parseSecret(text: string): Promise<SigningKey | null> {
  const [, prefix, encoded] = /^(whsec|whsk)_(.+)$/s.exec(text) ?? []
  const bytes = encoded === undefined ? null : decodeBase64(encoded)
  if (!bytes) return null
  if (prefix === 'whsec') return isHmacKey(bytes) ? { signing: 'hmac', bytes } : null
  if (bytes.length !== 32 && bytes.length !== 64) return null
  const whole = await withPublicKey(bytes.slice(0, 32))
  return bytes.every((byte, i) => byte === whole[i]) ? { signing: 'ed25519', bytes: whole } : null
}

/** The 32 bytes of a `whpk_…`, for verifying. */
export function parsePublicKey(text: string): Uint8Array<ArrayBuffer> | null {
  const bytes = text.startsWith('whpk_') ? decodeBase64(text.slice(5)) : null
  return bytes?.length === 32 ? bytes : null
}

export function isHmacKey(bytes: Uint8Array): boolean {
  return bytes.length >= 24 && bytes.length <= 64
}

/** WebCrypto takes an ed25519 seed only in its PKCS #8 wrapping (RFC 8410, section 7): a constant, then the seed. */
export function importSeed(seed: Uint8Array, extractable = false): Promise<CryptoKey> {
  const pkcs8 = new Uint8Array([...pkcs8Prefix, ...seed])
  return crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', extractable, ['sign'])
}
export const pkcs8Prefix = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20]

async function withPublicKey(seed: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const { x } = (await crypto.subtle.exportKey('jwk', await importSeed(seed, true))) as JsonWebKey
  const publicKey = decodeBase64Url(x!)!
  return new Uint8Array([...seed, ...publicKey])
}
