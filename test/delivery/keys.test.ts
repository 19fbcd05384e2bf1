// Secrets as text: which texts are accepted, and what a new secret looks like.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatPublicKey,
  formatSecret,
  generateSecret,
  parsePublicKey,
  parseSecret,
} from '../../delivery/keys.ts'
import { anyText } from '../support/any-text.ts'
import { type Calls, runtimes } from '../support/runtimes.ts'

const base64 = (length: number) => Buffer.alloc(length, 7).toString('base64')
const seed = 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc='
const whole = 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=='
const publicKey = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4='

test.each([24, 32, 48, 64])('an HMAC secret may have %i bytes', async length => {
  const key = await parseSecret(`whsec_${base64(length)}`)
  expect(key?.signing).toBe('hmac')
  expect(key?.bytes).toHaveLength(length)
})

test.each([
  ['23 bytes', `whsec_${base64(23)}`],
  ['65 bytes', `whsec_${base64(65)}`],
  ['nothing after the prefix', 'whsec_'],
  ['a missing prefix', base64(32)],
  ['another prefix', `whs_${base64(32)}`],
  ['a capital prefix', `WHSEC_${base64(32)}`],
  ['text that is not base64', `whsec_${'!'.repeat(32)}`],
  ['base64 without its padding', `whsec_${base64(32).replace('=', '')}`],
  ['base64 with leftover bits', `whsec_${base64(32).replace('c=', 'd=')}`],
  ['the alphabet for URLs', `whsec_${'-_'.repeat(16)}`],
  ['a line break', `whsec_${base64(24)}\n`],
  ['a public key instead of a secret', publicKey],
  ['an ed25519 key of 10 bytes', `whsk_${base64(10)}`],
  ['an ed25519 key of 63 bytes', `whsk_${base64(63)}`],
  ['an ed25519 key whose halves disagree', `whsk_${base64(64)}`],
])('%s is refused as a secret', async (_, text) => {
  expect(await parseSecret(text)).toBeNull()
})

describe.each(runtimes)('in $runtime', ({ start }) => {
  test('an ed25519 seed gets its public half, and both spellings are the same key', async () => {
    const calls: Calls = await start()
    expect(await calls.parse(seed)).toEqual(await calls.parse(whole))
    expect(await calls.parse(whole)).toMatchObject({ signing: 'ed25519', bytes: whole.slice(5) })
    expect(await calls.parse(`whsk_${base64(64)}`)).toBeNull()
  })
})

test('the public half is printed as whpk_, and no other text is read as a public key', async () => {
  expect(formatPublicKey((await parseSecret(whole))!)).toBe(publicKey)
  expect(parsePublicKey(publicKey)).toHaveLength(32)
  expect(parsePublicKey(seed)).toBeNull()
  expect(parsePublicKey(`whpk_${base64(31)}`)).toBeNull()
})

test('new secrets have the right form and can be read back, and ten thousand of them differ', async () => {
  const secrets = await Promise.all(Array.from({ length: 10_000 }, () => generateSecret('hmac')))
  expect(new Set(secrets.map(formatSecret)).size).toBe(10_000)
  for (const signing of ['hmac', 'ed25519'] as const) {
    const key = await generateSecret(signing)
    const text = formatSecret(key)
    expect(text).toMatch(signing === 'hmac' ? /^whsec_[A-Za-z0-9+/]{32}$/ : /^whsk_[A-Za-z0-9+/]{86}==$/)
    expect(await parseSecret(text)).toEqual(key)
  }
})

test('any other text is refused as a secret, without an exception', async () => {
  await fc.assert(
    fc.asyncProperty(anyText, async text => {
      expect(await parseSecret(text)).toBeNull()
      expect(await parseSecret(`whsk_${text}`)).toBeNull()
    }),
  )
})
