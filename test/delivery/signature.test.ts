// Signing and verifying: published vectors, an independent library, and both runtimes.
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { beforeAll, describe, expect, test } from 'vitest'
import { ed25519Signer, hmacSigner, signedHeaders } from '../../delivery/signature.ts'
import { type Calls, runtimes } from '../support/runtimes.ts'

const hmacSecret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
/** The public test key of Svix's own tests. */
const ed25519Secret =
  'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=='
const publicKey = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4='

const svix = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', at: 1614265330, body: '{"test": 2432232314}' }
const unusual = {
  id: 'evt_01',
  at: 1700000000,
  body: '{"type":"order.updated","timestamp":"2022-11-03T20:26:10.344522Z","data":{"id":"1","note":"é😀 \\u2028 </script>","total":12345678901234567890.10}}',
}

const vectors = [
  {
    vector: 'V1: HMAC, the vector of the standard’s libraries',
    secret: hmacSecret,
    ...svix,
    signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  },
  {
    vector: 'V2: ed25519',
    secret: ed25519Secret,
    ...svix,
    signature: 'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==',
  },
  {
    vector: 'V3: the shortest HMAC key, a body of all kinds of characters',
    secret: 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX',
    ...unusual,
    signature: 'v1,OGdhjzgG/3dWHlgm/VPeD2Hv9eqIoT2qUQzeFFFN56s=',
  },
  {
    vector: 'V4: the longest HMAC key',
    secret: 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==',
    ...unusual,
    signature: 'v1,hM6GXHgb1hxwHdgcPspEwVu6GCSSHtCi/p20mD+Et1I=',
  },
]

describe.each(runtimes)('in $runtime', ({ start }) => {
  let calls: Calls
  beforeAll(async () => {
    calls = await start()
  })

  test.each(vectors)('$vector', async ({ secret, id, at, body, signature }) => {
    const headers = await calls.sign([secret], id, at, body)
    expect(headers).toEqual({
      'webhook-id': id,
      'webhook-timestamp': String(at),
      'webhook-signature': signature,
    })
    expect(await calls.verify(headers, body, [secret], at)).toEqual({
      ok: true,
      webhookId: id,
      timestampSeconds: at,
    })
  })

  test('during a rotation each key signs, and each alone suffices to verify', async () => {
    const headers = await calls.sign([hmacSecret, ed25519Secret], svix.id, svix.at, svix.body)
    expect(headers['webhook-signature']).toBe(`${vectors[0]!.signature} ${vectors[1]!.signature}`)
    for (const secret of [hmacSecret, ed25519Secret, publicKey]) {
      expect(await calls.verify(headers, svix.body, [secret], svix.at)).toMatchObject({ ok: true })
    }
  })

  test('a receiver that knows several secrets accepts any of them', async () => {
    const headers = await calls.sign([hmacSecret], svix.id, svix.at, svix.body)
    const { secret: other } = await calls.generate('hmac')
    expect(await calls.verify(headers, svix.body, [other, hmacSecret], svix.at)).toMatchObject({ ok: true })
    expect(await calls.verify(headers, svix.body, [other], svix.at)).toEqual({
      ok: false,
      problem: 'signature',
    })
  })

  test('nothing verifies after a change of body, id, time or signature', async () => {
    const headers = await calls.sign([hmacSecret, ed25519Secret], svix.id, svix.at, svix.body)
    const swapped = headers['webhook-signature']!.replaceAll('v1a,', 'v1b,').replaceAll('v1,', 'v1a,')
    const tampered = [
      [headers, svix.body.replace('2', '3')],
      [{ ...headers, 'webhook-id': 'msg_other' }, svix.body],
      [{ ...headers, 'webhook-timestamp': String(svix.at + 1) }, svix.body],
      [{ ...headers, 'webhook-signature': swapped }, svix.body],
    ] as const
    for (const [headers, body] of tampered) {
      expect(await calls.verify(headers, body, [hmacSecret, publicKey], svix.at)).toEqual({
        ok: false,
        problem: 'signature',
      })
    }
  })

  test('generated keys sign and verify, and no two are the same', async () => {
    for (const signing of ['hmac', 'ed25519'] as const) {
      const [first, second] = [await calls.generate(signing), await calls.generate(signing)]
      expect(first.secret).not.toBe(second.secret)
      const headers = await calls.sign([first.secret], 'evt_1', 1, '{}')
      expect(await calls.verify(headers, '{}', [first.publicKey ?? first.secret], 1)).toMatchObject({
        ok: true,
      })
      expect(await calls.verify(headers, '{}', [second.publicKey ?? second.secret], 1)).toMatchObject({
        ok: false,
      })
    }
  })
})

describe('the standardwebhooks library', () => {
  const nowSeconds = () => Math.floor(Date.now() / 1000)
  const secretBytes = fc.uint8Array({ minLength: 24, maxLength: 64 })
  const webhookId = fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/)

  test('verifies what we sign', async () => {
    await fc.assert(
      fc.asyncProperty(secretBytes, webhookId, fc.json(), async (bytes, id, body) => {
        const signers = [hmacSigner(bytes)]
        const headers = await signedHeaders(id, nowSeconds(), new TextEncoder().encode(body), signers)
        expect(() => new Webhook(bytes, { format: 'raw' }).verify(body, headers)).not.toThrow()
        expect(() => new Webhook(bytes, { format: 'raw' }).verify(`${body} `, headers)).toThrow()
      }),
    )
  })

  test('signs what we verify', async () => {
    const { calls } = await import('../support/workers/calls.ts')
    await fc.assert(
      fc.asyncProperty(secretBytes, webhookId, fc.json(), async (bytes, id, body) => {
        const now = nowSeconds()
        const secret = `whsec_${Buffer.from(bytes).toString('base64')}`
        const signature = new Webhook(secret).sign(id, new Date(now * 1000), body)
        const headers = {
          'webhook-id': id,
          'webhook-timestamp': String(now),
          'webhook-signature': signature,
        }
        expect(await calls.verify(headers, body, [secret], now)).toMatchObject({ ok: true })
      }),
    )
  })
})

test('without a signer there are no headers to send', async () => {
  await expect(signedHeaders('evt_1', 1, new Uint8Array(), [])).rejects.toMatchObject({ reason: 'invalid' })
})

test.each([
  ['23 bytes', () => hmacSigner(new Uint8Array(23))],
  ['65 bytes', () => hmacSigner(new Uint8Array(65))],
  ['an ed25519 key that is too short', () => ed25519Signer(new Uint8Array(31))],
  ['an ed25519 key that is too long', () => ed25519Signer(new Uint8Array(65))],
])('no signer is made of %s', (_, make) => {
  expect(make).toThrow('secret unavailable: invalid')
})
