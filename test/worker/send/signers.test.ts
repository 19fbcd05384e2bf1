// The listener's signers make the same signatures as those of delivery/signature.ts.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseSecret } from '../../../delivery/keys.ts'
import * as webCrypto from '../../../delivery/signature.ts'
import * as nodeCrypto from '../../../worker/send/signers.ts'

const head = fc.string({ unit: 'grapheme-ascii' })
const body = fc.uint8Array()

test('the HMAC signer of node:crypto signs like the one of WebCrypto', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 24, maxLength: 64 }),
      head,
      body,
      async (secret, ...signed) => {
        expect(nodeCrypto.hmacSigner(secret)(...signed)).toBe(await webCrypto.hmacSigner(secret)(...signed))
      },
    ),
  )
})

test('the ed25519 signer of node:crypto signs like the one of WebCrypto, from the seed and from the whole key', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 32, maxLength: 32 }), head, body, async (seed, ...signed) => {
      const whole = (await parseSecret(`whsk_${Buffer.from(seed).toString('base64')}`))!.bytes
      const expected = await webCrypto.ed25519Signer(seed)(...signed)
      expect(nodeCrypto.ed25519Signer(seed)(...signed)).toBe(expected)
      expect(nodeCrypto.ed25519Signer(whole)(...signed)).toBe(expected)
    }),
  )
})

test('the signers of node:crypto and WebCrypto refuse the same keys', () => {
  for (let length = 0; length <= 70; length++) {
    const secret = new Uint8Array(length)
    for (const name of ['hmacSigner', 'ed25519Signer'] as const) {
      const refused = [nodeCrypto, webCrypto].map(signers => {
        try {
          signers[name](secret)
          return null
        } catch (error) {
          return (error as { reason?: string }).reason
        }
      })
      expect(refused[0]).toBe(refused[1])
    }
  }
})
