// What receivers refuse: the stale, the incomplete and the unreadable.
import { describe, expect, test } from 'vitest'
import { hmacSigner, signedHeaders } from '../../delivery/signature.ts'
import { verify } from '../../delivery/verify.ts'

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const key = Buffer.from(secret.slice(6), 'base64')
const body = new TextEncoder().encode('{}')
const at = 1_700_000_000
const headers = await signedHeaders('evt_1', at, body, [hmacSigner(key)])
const check = (changes: Record<string, string>, now = at) =>
  verify(new Headers({ ...headers, ...changes }), body, [secret], now)

test.each([
  ['five minutes old', 300, true],
  ['five minutes ahead of our clock', -300, true],
  ['a second older than that', 301, false],
  ['a second further ahead', -301, false],
])('a request that is %s', async (_, age, isAccepted) => {
  expect(await check({}, at + age)).toEqual(
    isAccepted ? { ok: true, webhookId: 'evt_1', timestampSeconds: at } : { ok: false, problem: 'timestamp' },
  )
})

test.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])('without %s', async name => {
  expect(await check({ [name]: '' })).toEqual({ ok: false, problem: 'missing_headers' })
})

test.each(['NaN', '17e8', '0x6553F100', '+1700000000', '1700000000.0', '1700000000000', '-1700000000'])(
  'a timestamp must be a number of seconds in plain digits: %s',
  async timestamp => {
    expect(await check({ 'webhook-timestamp': timestamp })).toEqual({ ok: false, problem: 'timestamp' })
  },
)

describe('signatures in the header', () => {
  const good = headers['webhook-signature']!

  test.each([
    ['behind ones of unknown versions', `v9,AAAA v1a,AAAA ${good}`],
    ['behind one that is not base64', `v1,!!! ${good}`],
    ['behind one that is too short', `v1,AAAA ${good}`],
    ['between empty parts', `  ${good}  `],
  ])('a good one is found %s', async (_, signature) => {
    expect(await check({ 'webhook-signature': signature })).toMatchObject({ ok: true })
  })

  test.each([
    ['without a version', good.slice(3)],
    ['with a version it was not made for', good.replace('v1,', 'v1a,')],
    ['with a comma too many', good.replace('v1,', 'v1,,')],
    ['cut short', good.slice(0, -4)],
    ['that are empty', 'v1,'],
  ])('ones %s do not count', async (_, signature) => {
    expect(await check({ 'webhook-signature': signature })).toEqual({ ok: false, problem: 'signature' })
  })
})

test('a receiver with an unusable secret is told so, without the secret', async () => {
  const unusable = 'CANARY_not_a_secret'
  const error = await verify(new Headers(headers), body, [unusable], at).catch(error => error)
  expect(error).toBeInstanceOf(TypeError)
  expect(error.message).not.toContain('CANARY')
})
