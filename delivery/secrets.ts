// Secrets at rest: AES-256-GCM under one of the operator's master keys. The same code runs on Node and on workerd.
import { decodeBase64, encodeBase64 } from './base64.ts'

/**
 * unknown_key: sealed under a master key that is not configured. tampered: not the value that was sealed for this row.
 * invalid: not a usable signing key. In each case nothing is sent: no request leaves unsigned or with another signature.
 */
export type SecretProblem = 'unknown_key' | 'tampered' | 'invalid'

export class SecretUnavailable extends Error {
  readonly reason: SecretProblem
  constructor(reason: SecretProblem) {
    super(`secret unavailable: ${reason}`)
    this.name = 'SecretUnavailable'
    this.reason = reason
  }
}

/** `context` names the row that the secret belongs to: a sealed value that was moved to another row does not open. */
export interface Keyring {
  /** The ids of all its master keys; the first one seals. */
  readonly keyIds: readonly [string, ...string[]]
  seal(plain: Uint8Array, context: string): Promise<Uint8Array<ArrayBuffer>>
  open(sealed: Uint8Array, context: string): Promise<Uint8Array<ArrayBuffer>>
  /**
   * For what is only ever looked up again: a keyed hash under each master key, the first key's first. What was stored before
   * the first key changed is found by one of the others.
   */
  hashes(text: string, context: string): Promise<readonly string[]>
}

export interface MasterKey {
  readonly id: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

const version = 1
const nonceLength = 12
const tagLength = 16

/** `id:base64(32 bytes)`, comma-separated. null when any part is malformed or an id comes twice. */
export function parseMasterKeys(spec: string): MasterKey[] | null {
  const keys: MasterKey[] = []
  for (const part of spec.split(',')) {
    const [, id, encoded] = /^([A-Za-z0-9_-]{1,32}):(.*)$/.exec(part.trim()) ?? []
    const bytes = encoded === undefined ? null : decodeBase64(encoded)
    if (id === undefined || bytes?.length !== 32 || keys.some(key => key.id === id)) return null
    keys.push({ id, bytes })
  }
  return keys
}

/** The first key seals, all keys open. Values of the other keys are rewrapped over time (rewrap.ts); then those keys may go. */
export async function openKeyring(spec: string): Promise<Keyring> {
  const masterKeys = parseMasterKeys(spec)
  if (!masterKeys) throw new SecretUnavailable('invalid')
  const keys = new Map<string, CryptoKey>()
  const hashKeys: CryptoKey[] = []
  for (const { id, bytes } of masterKeys) {
    hashKeys.push(await deriveHashKey(bytes))
    keys.set(id, await crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']))
  }
  const sealingId = masterKeys[0]!.id
  return {
    keyIds: [sealingId, ...masterKeys.slice(1).map(({ id }) => id)],
    seal: (plain, context) => seal(sealingId, keys.get(sealingId)!, plain, context),
    open: (sealed, context) => open(keys, sealed, context),
    hashes: (text, context) => Promise.all(hashKeys.map(key => keyedHash(key, text, context))),
  }
}

/** One key for one purpose: what seals does not hash. */
async function deriveHashKey(masterKey: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const from = await crypto.subtle.importKey('raw', masterKey, 'HKDF', false, ['deriveKey'])
  const info = new TextEncoder().encode('outbox/hash')
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info }
  return crypto.subtle.deriveKey(hkdf, from, { name: 'HMAC', hash: 'SHA-256', length: 256 }, false, ['sign'])
}

/** What is hashed in one context does not match what is hashed in another. */
export async function keyedHash(key: CryptoKey, text: string, context: string): Promise<string> {
  const bytes = new TextEncoder().encode(`${context}\0${text}`)
  return encodeBase64(new Uint8Array(await crypto.subtle.sign('HMAC', key, bytes)))
}

/** version (1 byte), length of the key's id (1), the key's id, nonce (12), ciphertext with its tag. */
async function seal(keyId: string, key: CryptoKey, plain: Uint8Array, context: string) {
  const header = new Uint8Array([version, keyId.length, ...new TextEncoder().encode(keyId)])
  const nonce = crypto.getRandomValues(new Uint8Array(nonceLength))
  const ciphertext = await crypto.subtle.encrypt(gcm(nonce, context), key, new Uint8Array(plain))
  return new Uint8Array([...header, ...nonce, ...new Uint8Array(ciphertext)])
}

async function open(keys: ReadonlyMap<string, CryptoKey>, sealed: Uint8Array, context: string) {
  const nonceAt = 2 + (sealed[1] ?? 0)
  const ciphertextAt = nonceAt + nonceLength
  if (sealed[0] !== version || sealed.length < ciphertextAt + tagLength)
    throw new SecretUnavailable('tampered')
  const key = keys.get(new TextDecoder().decode(sealed.slice(2, nonceAt)))
  if (!key) throw new SecretUnavailable('unknown_key')
  const parameters = gcm(new Uint8Array(sealed.slice(nonceAt, ciphertextAt)), context)
  try {
    return new Uint8Array(
      await crypto.subtle.decrypt(parameters, key, new Uint8Array(sealed.slice(ciphertextAt))),
    )
  } catch {
    throw new SecretUnavailable('tampered')
  }
}

function gcm(iv: Uint8Array<ArrayBuffer>, context: string) {
  return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(context) }
}
