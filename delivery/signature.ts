// Step 7: Standard Webhooks 1.0.0 over the exact bytes. Receivers check with verify.ts or any library of that standard.
import { encodeBase64 } from './base64.ts'
import { importSeed, isHmacKey } from './keys.ts'
import { SecretUnavailable } from './secrets.ts'

/** Makes one part of the `webhook-signature` header (`v1,…` or `v1a,…`) over the exact bytes. */
export type Signer = (signed: Uint8Array<ArrayBuffer>) => Promise<string> | string

/** HMAC-SHA256, `v1`. */
export function hmacSigner(secret: Uint8Array): Signer {
  if (!isHmacKey(secret)) throw new SecretUnavailable('invalid')
  const key = once(() => crypto.subtle.importKey('raw', new Uint8Array(secret), hmacSha256, false, ['sign']))
  return async signed =>
    `v1,${encodeBase64(new Uint8Array(await crypto.subtle.sign('HMAC', await key(), signed)))}`
}
export const hmacSha256 = { name: 'HMAC', hash: 'SHA-256' }

/** ed25519, `v1a`. Takes the 32-byte seed, with or without the public key after it (parseSecret has compared the two). */
export function ed25519Signer(secret: Uint8Array): Signer {
  if (secret.length !== 32 && secret.length !== 64) throw new SecretUnavailable('invalid')
  const key = once(() => importSeed(secret.slice(0, 32)))
  return async signed =>
    `v1a,${encodeBase64(new Uint8Array(await crypto.subtle.sign('Ed25519', await key(), signed)))}`
}

/** The three headers of one attempt: the event's id, the attempt's own time, and one signature for each key. */
export async function signedHeaders(
  webhookId: string,
  timestampSeconds: number,
  body: Uint8Array,
  signers: readonly Signer[],
): Promise<Record<string, string>> {
  if (signers.length === 0) throw new SecretUnavailable('invalid')
  const signed = signedContent(webhookId, String(timestampSeconds), body)
  const signatures = await Promise.all(signers.map(sign => sign(signed)))
  return {
    'webhook-id': webhookId,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': signatures.join(' '),
  }
}

/** The signed bytes: id, timestamp and body, joined by full stops. */
export function signedContent(
  webhookId: string,
  timestamp: string,
  body: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const head = new TextEncoder().encode(`${webhookId}.${timestamp}.`)
  const signed = new Uint8Array(head.length + body.length)
  signed.set(head)
  signed.set(body, head.length)
  return signed
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}

// Next: delivery/send.ts
