// An endpoint made ready for use: a fault is found here, before anything is sent.
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { headersContext, openEndpoint, secretContext } from '../../delivery/endpoint.ts'
import { toHex } from '../../delivery/hex.ts'
import { openKeyring } from '../../delivery/secrets.ts'
import { ed25519Signer, hmacSigner } from '../../delivery/signature.ts'
import type { EndpointId } from '../../delivery/types.ts'
import { sealedEndpoint } from '../support/attempts.ts'

const keyring = await openKeyring(`k:${randomBytes(32).toString('base64')}`)

async function opened(headers: Record<string, string> | null, secrets = 1) {
  const text = headers && new TextEncoder().encode(JSON.stringify(headers))
  const sealed = sealedEndpoint({
    id: '7' as EndpointId,
    sealedHeaders: text && toHex(await keyring.seal(text, headersContext('7'))),
    secrets: await Promise.all(
      Array.from({ length: secrets }, async (_, i) => ({
        id: String(i),
        signing: 'hmac' as const,
        sealed: toHex(await keyring.seal(randomBytes(24), secretContext(String(i), '7'))),
      })),
    ),
  })
  const defaults = { requestTimeoutSeconds: 15, retrySchedule: [5] }
  return openEndpoint(sealed, { keyring, hmacSigner, ed25519Signer, defaults })
}

test('an endpoint with valid headers and a key has no fault', async () => {
  expect(await opened({ authorization: 'Bearer x' })).toMatchObject({
    fault: null,
    headers: { authorization: 'Bearer x' },
  })
  expect(await opened(null)).toMatchObject({ fault: null, headers: {}, timeoutSeconds: 15 })
})

test.each([
  ['forge a header of the webhook', { 'Webhook-Id': 'evt_1' }],
  ['forge a signature', { 'WEBHOOK-SIGNATURE': 'v1,AAAA' }],
  ['go to another host', { Host: 'evil.example' }],
  ['break the framing', { 'Transfer-Encoding': 'chunked' }],
  ['say another length', { 'content-length': '0' }],
  ['ask for another protocol', { connection: 'upgrade', upgrade: 'websocket' }],
  ['end a header early', { 'x-a': 'b\r\nhost: c' }],
])('headers that %s are a fault, even if they are already in the database', async (_, headers) => {
  expect(await opened(headers as Record<string, string>)).toMatchObject({ fault: 'invalid_endpoint' })
})

test('an endpoint without a key has a fault', async () => {
  expect(await opened(null, 0)).toMatchObject({ fault: 'secret_unavailable', signers: [] })
})
