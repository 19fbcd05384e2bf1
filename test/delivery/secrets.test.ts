// Secrets at rest: they open for their own row, under the right master key, and in no other case.
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { openKeyring, parseMasterKeys } from '../../delivery/secrets.ts'
import { anyText } from '../support/any-text.ts'
import { type Calls, runtimes } from '../support/runtimes.ts'

const key = () => randomBytes(32).toString('base64')
const old = `old:${key()}`
const current = `current:${key()}`

describe.each(runtimes)('in $runtime', ({ start }) => {
  let calls: Calls
  beforeAll(async () => {
    calls = await start()
  })

  test('a sealed value opens in its own context and in no other', async () => {
    const sealed = await calls.seal(current, 'CANARY', 'row 1')
    expect(await calls.open(current, sealed, 'row 1')).toEqual({ plain: 'CANARY' })
    expect(await calls.open(current, sealed, 'row 2')).toMatchObject({ reason: 'tampered' })
  })

  test('sealing the same value twice gives two different texts', async () => {
    expect(await calls.seal(current, 'CANARY', 'row')).not.toBe(await calls.seal(current, 'CANARY', 'row'))
  })

  test('the first key seals, and every key opens', async () => {
    const sealed = await calls.seal(old, 'CANARY', 'row')
    const both = `${current},${old}`
    expect(await calls.open(both, sealed, 'row')).toEqual({ plain: 'CANARY' })
    expect(await calls.open(current, await calls.seal(both, 'CANARY', 'row'), 'row')).toEqual({
      plain: 'CANARY',
    })
  })

  test('a value does not open when its master key is missing, or is another one of the same name', async () => {
    const sealed = await calls.seal(old, 'CANARY', 'row')
    expect(await calls.open(current, sealed, 'row')).toMatchObject({ reason: 'unknown_key' })
    expect(await calls.open(`old:${key()}`, sealed, 'row')).toMatchObject({ reason: 'tampered' })
  })
})

test('each runtime opens what the other has sealed', async () => {
  const [node, workerd] = await Promise.all(runtimes.map(({ start }) => start()))
  expect(await workerd!.open(current, await node!.seal(current, 'a', 'row'), 'row')).toEqual({ plain: 'a' })
  expect(await node!.open(current, await workerd!.seal(current, 'b', 'row'), 'row')).toEqual({ plain: 'b' })
})

test('a sealed value with a flipped bit or a missing end does not open', async () => {
  const keyring = await openKeyring(current)
  const sealed = await keyring.seal(new TextEncoder().encode('CANARY'), 'row')
  await fc.assert(
    fc.asyncProperty(fc.nat(sealed.length * 8 - 1), async bit => {
      const flipped = sealed.slice()
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      const error = await keyring.open(flipped, 'row').catch(error => error)
      expect(['tampered', 'unknown_key']).toContain(error.reason)
      expect(error.message).not.toContain('CANARY')
      expect(error.cause).toBeUndefined()
    }),
  )
  for (let length = 0; length < sealed.length; length++) {
    await expect(keyring.open(sealed.slice(0, length), 'row')).rejects.toHaveProperty(
      'name',
      'SecretUnavailable',
    )
  }
})

test('any bytes can be sealed and opened, and the sealed value does not contain them', async () => {
  const keyring = await openKeyring(current)
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 8 }), anyText, async (plain, text) => {
      const context = text.toWellFormed()
      const sealed = await keyring.seal(plain, context)
      expect(await keyring.open(Buffer.from(sealed), context)).toEqual(new Uint8Array(plain))
      expect(Buffer.from(sealed).includes(Buffer.from(plain))).toBe(false)
    }),
  )
})

test.each([
  ['nothing', ''],
  ['a missing id', key()],
  ['an empty id', `:${key()}`],
  ['16 bytes', `a:${randomBytes(16).toString('base64')}`],
  ['33 bytes', `a:${randomBytes(33).toString('base64')}`],
  ['text that is not base64', `a:${'!'.repeat(44)}`],
  ['an id twice', `a:${key()},a:${key()}`],
  ['a trailing comma', `a:${key()},`],
  ['an id with a space', `a b:${key()}`],
  ['an id that is too long', `${'a'.repeat(33)}:${key()}`],
])('%s is refused as master keys', async (_, spec) => {
  expect(parseMasterKeys(spec)).toBeNull()
  await expect(openKeyring(spec)).rejects.toMatchObject({ reason: 'invalid' })
})

test('spaces around the commas between master keys are ignored', () => {
  expect(parseMasterKeys(` ${current} , ${old} `)?.map(({ id }) => id)).toEqual(['current', 'old'])
})
