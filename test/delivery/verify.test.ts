// Which requests receivers refuse: stale, incomplete and unreadable ones.
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
  ['five minutes old is accepted', 300, true],
  ['five minutes ahead of our clock is accepted', -300, true],
  ['a second older than five minutes is refused', 301, false],
  ['a second further ahead than five minutes is refused', -301, false],
])('a request %s', async (_, age, isAccepted) => {
  expect(await check({}, at + age)).toEqual(
    isAccepted ? { ok: true, webhookId: 'evt_1', timestampSeconds: at } : { ok: false, problem: 'timestamp' },
  )
})

test.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])(
  'a request without %s is refused',
  async name => {
    expect(await check({ [name]: '' })).toEqual({ ok: false, problem: 'missing_headers' })
  },
)

test.each(['NaN', '17e8', '0x6553F100', '+1700000000', '1700000000.0', '1700000000000', '-1700000000'])(
  'a timestamp must be a number of seconds in plain digits: %s',
  async timestamp => {
    expect(await check({ 'webhook-timestamp': timestamp })).toEqual({ ok: false, problem: 'timestamp' })
  },
)

describe('a header with several signatures', () => {
  const good = headers['webhook-signature']!

  test.each([
    ['after signatures of unknown versions', `v9,AAAA v1a,AAAA ${good}`],
    ['after one that is not base64', `v1,!!! ${good}`],
    ['after one that is too short', `v1,AAAA ${good}`],
    ['between empty parts', `  ${good}  `],
  ])('is accepted with a valid one %s', async (_, signature) => {
    expect(await check({ 'webhook-signature': signature })).toMatchObject({ ok: true })
  })

  test.each([
    ['without its version', good.slice(3)],
    ['under another version', good.replace('v1,', 'v1a,')],
    ['with an extra comma', good.replace('v1,', 'v1,,')],
    ['cut short', good.slice(0, -4)],
    ['without any bytes', 'v1,'],
  ])('is refused if the only one is %s', async (_, signature) => {
    expect(await check({ 'webhook-signature': signature })).toEqual({ ok: false, problem: 'signature' })
  })
})

test('a receiver with an unusable secret is told so, without the secret', async () => {
  const unusable = 'CANARY_not_a_secret'
  const error = await verify(new Headers(headers), body, [unusable], at).catch(error => error)
  expect(error).toBeInstanceOf(TypeError)
  expect(error.message).not.toContain('CANARY')
})
