// The signers of delivery/signature.ts on node:crypto: WebCrypto would hop to another thread for every signature.
import { createHmac, createPrivateKey, createSecretKey, type KeyObject, sign } from 'node:crypto'
import { isHmacKey, pkcs8Prefix, type Signing } from '../../delivery/keys.ts'
import { SecretUnavailable } from '../../delivery/secrets.ts'
import type { Signer } from '../../delivery/signature.ts'

/** What a signer signs with. Unlike a function it can be handed to another thread of the process. */
export interface ImportedKey {
  readonly signing: Signing
  readonly key: KeyObject
}

export function hmacSigner(secret: Uint8Array): Signer {
  if (!isHmacKey(secret)) throw new SecretUnavailable('invalid')
  // Created once: creating it costs more than a signature.
  return signerWith({ signing: 'hmac', key: createSecretKey(secret) })
}

export function ed25519Signer(secret: Uint8Array): Signer {
  if (secret.length !== 32 && secret.length !== 64) throw new SecretUnavailable('invalid')
  const der = Buffer.from([...pkcs8Prefix, ...secret.subarray(0, 32)])
  return signerWith({ signing: 'ed25519', key: createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }) })
}

export function signerWith(imported: ImportedKey): Signer {
  const { signing, key } = imported
  const signer: Signer =
    signing === 'hmac'
      ? (head, body) => `v1,${createHmac('sha256', key).update(head).update(body).digest('base64')}`
      : (head, body) => `v1a,${sign(null, Buffer.concat([Buffer.from(head), body]), key).toString('base64')}`
  keys.set(signer, imported)
  return signer
}

/** Of a signer that was made here. */
export function keyOf(signer: Signer): ImportedKey {
  return keys.get(signer)!
}

const keys = new WeakMap<Signer, ImportedKey>()
