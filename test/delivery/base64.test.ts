// Base64 and base64url: strict, so that no two texts mean the same bytes.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeBase64Url, encodeBase64Url } from '../../delivery/base64.ts'

test('base64url is what Buffer writes, and reads back to the same bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), bytes => {
      const text = encodeBase64Url(bytes)
      expect(text).toBe(Buffer.from(bytes).toString('base64url'))
      expect(decodeBase64Url(text)).toEqual(new Uint8Array(bytes))
    }),
  )
})

test.each([
  ['the other alphabet', 'a+/b'],
  ['padding', 'YQ=='],
  ['white space', 'YW Jj'],
  ['a length that no bytes have', 'YWJjZ'],
  ['bits that mean nothing', 'YR'],
])('base64url with %s is not read', (_, text) => {
  expect(decodeBase64Url(text)).toBeNull()
})
