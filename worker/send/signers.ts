// The signers of delivery/signature.ts on node:crypto: WebCrypto would hop to another thread for every signature.
import { createHmac, createPrivateKey, createSecretKey, sign } from 'node:crypto'
import { isHmacKey, pkcs8Prefix } from '../../delivery/keys.ts'
import { SecretUnavailable } from '../../delivery/secrets.ts'
import type { Signer } from '../../delivery/signature.ts'

export function hmacSigner(secret: Uint8Array): Signer {
  if (!isHmacKey(secret)) throw new SecretUnavailable('invalid')
  // Created once: creating it costs more than a signature.
  const key = createSecretKey(secret)
  return (head, body) => `v1,${createHmac('sha256', key).update(head).update(body).digest('base64')}`
}

export function ed25519Signer(secret: Uint8Array): Signer {
  if (secret.length !== 32 && secret.length !== 64) throw new SecretUnavailable('invalid')
  const der = Buffer.from([...pkcs8Prefix, ...secret.subarray(0, 32)])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  return (head, body) => `v1a,${sign(null, Buffer.concat([Buffer.from(head), body]), key).toString('base64')}`
}
