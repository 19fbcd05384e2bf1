// For receivers of webhooks: checks that a request comes from the sender they know, and that it is fresh.
import { decodeBase64 } from './base64.ts'
import { parsePublicKey, parseSecret } from './keys.ts'
import { hmacSha256, signedContent } from './signature.ts'

/**
 * missing_headers: one of the three webhook headers is missing. timestamp: too old, or from the future; otherwise a recorded
 * request could be sent again later. signature: no signature was made with any of the secrets.
 */
export type Verified =
  | { readonly ok: true; readonly webhookId: string; readonly timestampSeconds: number }
  | { readonly ok: false; readonly problem: 'missing_headers' | 'timestamp' | 'signature' }

export const toleranceSeconds = 300

/** `secrets` are `whsec_…`, `whsk_…` or `whpk_…`: several during a rotation. `body` is the received body, byte for byte. */
export async function verify(
  headers: { get(name: string): string | null },
  body: Uint8Array,
  secrets: readonly string[],
  nowSeconds: number,
): Promise<Verified> {
  const webhookId = headers.get('webhook-id')
  const timestamp = headers.get('webhook-timestamp')
  const signatures = headers.get('webhook-signature')
  if (!webhookId || !timestamp || !signatures) return { ok: false, problem: 'missing_headers' }
  const timestampSeconds = /^\d{1,15}$/.test(timestamp) ? Number(timestamp) : Number.NaN
  // The comparison is negated so that NaN is refused.
  if (!(Math.abs(nowSeconds - timestampSeconds) <= toleranceSeconds))
    return { ok: false, problem: 'timestamp' }
  const signed = signedContent(webhookId, timestamp, body)
  for (const secret of secrets) {
    const { version, matches } = await verifier(secret)
    for (const signature of bytesOf(signatures, version)) {
      if (await matches(signature, signed)) return { ok: true, webhookId, timestampSeconds }
    }
  }
  return { ok: false, problem: 'signature' }
}

/** The signatures of one version in a header such as `v1,… v1a,… v1,…`. */
function bytesOf(header: string, version: string): Uint8Array<ArrayBuffer>[] {
  return header
    .split(' ')
    .filter(part => part.startsWith(`${version},`))
    .flatMap(part => decodeBase64(part.slice(version.length + 1)) ?? [])
}

interface Verifier {
  readonly version: 'v1' | 'v1a'
  readonly matches: (signature: Uint8Array<ArrayBuffer>, signed: Uint8Array<ArrayBuffer>) => Promise<boolean>
}

/** WebCrypto compares in constant time. */
async function verifier(text: string): Promise<Verifier> {
  const secret = await parseSecret(text)
  if (secret?.signing === 'hmac') {
    const key = await crypto.subtle.importKey('raw', secret.bytes, hmacSha256, false, ['verify'])
    return {
      version: 'v1',
      matches: (signature, signed) => crypto.subtle.verify('HMAC', key, signature, signed),
    }
  }
  const publicKey = secret ? secret.bytes.slice(32) : parsePublicKey(text)
  // The receiver's own configuration is wrong, not the request.
  if (!publicKey)
    throw new TypeError('expected secrets that begin with whsec_, whsk_ or whpk_; nothing was verified')
  const key = await crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify'])
  return {
    version: 'v1a',
    // workerd throws for a wrong length, Node returns false.
    matches: async (signature, signed) =>
      signature.length === 64 && crypto.subtle.verify('Ed25519', key, signature, signed),
  }
}
