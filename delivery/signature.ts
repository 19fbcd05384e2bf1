// Step 7: Standard Webhooks 1.0.0 over the exact bytes. Receivers check with verify.ts or any library of that standard.
import { encodeBase64 } from './base64.ts'
import { importSeed, isHmacKey } from './keys.ts'
import { SecretUnavailable } from './secrets.ts'

/**
 * Makes one part of the `webhook-signature` header (`v1,…` or `v1a,…`) over the exact bytes: the head in ASCII, then the
 * body. They come apart, so that who can sign in two steps need not copy the body.
 */
export type Signer = (head: string, body: Uint8Array) => Promise<string> | string

/** HMAC-SHA256, `v1`. */
export function hmacSigner(secret: Uint8Array): Signer {
  if (!isHmacKey(secret)) throw new SecretUnavailable('invalid')
  const key = once(() => crypto.subtle.importKey('raw', new Uint8Array(secret), hmacSha256, false, ['sign']))
  return async (head, body) =>
    `v1,${encodeBase64(new Uint8Array(await crypto.subtle.sign('HMAC', await key(), joined(head, body))))}`
}
export const hmacSha256 = { name: 'HMAC', hash: 'SHA-256' }

/** ed25519, `v1a`. Takes the 32-byte seed, with or without the public key after it (parseSecret has compared the two). */
export function ed25519Signer(secret: Uint8Array): Signer {
  if (secret.length !== 32 && secret.length !== 64) throw new SecretUnavailable('invalid')
  const key = once(() => importSeed(secret.slice(0, 32)))
  return async (head, body) =>
    `v1a,${encodeBase64(new Uint8Array(await crypto.subtle.sign('Ed25519', await key(), joined(head, body))))}`
}

/** The `webhook-signature`: one signature for each key. At once where all signers sign at once. */
export function sign(
  webhookId: string,
  timestamp: string,
  body: Uint8Array,
  signers: readonly Signer[],
): Promise<string> | string {
  if (signers.length === 0) throw new SecretUnavailable('invalid')
  const head = signedHead(webhookId, timestamp)
  if (signers.length === 1) return signers[0]!(head, body)
  const signatures = signers.map(signer => signer(head, body))
  if (signatures.every(signature => typeof signature === 'string')) return signatures.join(' ')
  return Promise.all(signatures).then(all => all.join(' '))
}

/** The three headers of one attempt: the event's id, the attempt's own time, and one signature for each key. */
export async function signedHeaders(
  webhookId: string,
  timestampSeconds: number,
  body: Uint8Array,
  signers: readonly Signer[],
): Promise<Record<string, string>> {
  const timestamp = String(timestampSeconds)
  return {
    'webhook-id': webhookId,
    'webhook-timestamp': timestamp,
    'webhook-signature': await sign(webhookId, timestamp, body, signers),
  }
}

/** The signed bytes: id, timestamp and body, joined by full stops. */
export function signedContent(
  webhookId: string,
  timestamp: string,
  body: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return joined(signedHead(webhookId, timestamp), body)
}

function signedHead(webhookId: string, timestamp: string): string {
  return `${webhookId}.${timestamp}.`
}

function joined(head: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const headBytes = new TextEncoder().encode(head)
  const signed = new Uint8Array(headBytes.length + body.length)
  signed.set(headBytes)
  signed.set(body, headBytes.length)
  return signed
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}

// Next: delivery/send.ts
