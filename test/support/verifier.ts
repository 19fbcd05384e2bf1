// An independent verifier of signatures: Standard Webhooks on node:crypto, sharing no code with the product.
import { createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto'
import type { Received } from './receiver.ts'

/** What is wrong with a webhook for a receiver with this `whsec_…` or `whpk_…`; empty when it verifies. */
export function faultsOf({ method, headers, body, at }: Received, secret: string): string[] {
  const id = String(headers['webhook-id'])
  const timestamp = String(headers['webhook-timestamp'])
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body])
  const signatures = String(headers['webhook-signature']).split(' ')
  // Receivers allow five minutes. A busy machine may take some seconds; a wrong clock or unit is minutes or years off.
  const isFresh = /^\d{10}$/.test(timestamp) && Math.abs(at / 1000 - Number(timestamp)) <= 30
  return [
    method === 'POST' ? '' : `method ${method}`,
    /^[\w-]+$/.test(id) ? '' : 'webhook-id',
    isFresh ? '' : 'webhook-timestamp',
    headers['content-type'] === 'application/json' ? '' : 'content-type',
    signatures.every(part => /^v1a?,[A-Za-z0-9+/]+=*$/.test(part)) ? '' : 'form of webhook-signature',
    signatures.some(part => matches(part, signed, secret)) ? '' : 'signature',
    isEnvelope(body) ? '' : 'body',
  ].filter(Boolean)
}

function matches(part: string, signed: Buffer, secret: string): boolean {
  const [version, encoded] = part.split(',') as [string, string]
  const signature = Buffer.from(encoded, 'base64')
  const [prefix, key] = secret.split('_') as [string, string]
  const bytes = Buffer.from(key, 'base64')
  if (version === 'v1' && prefix === 'whsec') {
    const expected = createHmac('sha256', bytes).update(signed).digest()
    return signature.length === expected.length && timingSafeEqual(signature, expected)
  }
  return version === 'v1a' && prefix === 'whpk' && verify(null, signed, ed25519Key(bytes), signature)
}

/** The 32 bytes in the encoding of RFC 8410. */
function ed25519Key(bytes: Buffer) {
  const key = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), bytes])
  return createPublicKey({ key, format: 'der', type: 'spki' })
}

function isEnvelope(body: Buffer): boolean {
  const { type, timestamp, data } = JSON.parse(body.toString())
  return typeof type === 'string' && !Number.isNaN(Date.parse(timestamp)) && data !== undefined
}
