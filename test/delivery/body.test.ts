// The body: the data leaves byte for byte as Postgres printed it.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { webhookBody } from '../../delivery/body.ts'
import { anyText } from '../support/any-text.ts'

const text = (bytes: Uint8Array) => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)

test('numbers, spaces and the order of keys stay as Postgres printed them', () => {
  const data = '{"b": 1.10, "a":12345678901234567890.10, "note":"é😀 \\u2028 </script>"}'
  const body = webhookBody({ type: 'order.shipped', timestamp: '2026-11-03T20:26:10.344522Z', data })
  expect(text(body)).toBe(`{"type":"order.shipped","timestamp":"2026-11-03T20:26:10.344522Z","data":${data}}`)
})

test('the body is JSON with its three members, for any data', () => {
  fc.assert(
    fc.property(anyText, fc.json(), (type, data) => {
      const wellFormed = type.toWellFormed() // UTF-8 has no lone surrogates
      const parsed = JSON.parse(text(webhookBody({ type: wellFormed, timestamp: 'now', data })))
      expect(Object.keys(parsed)).toEqual(['type', 'timestamp', 'data'])
      expect(parsed.type).toBe(wellFormed)
      expect(JSON.stringify(parsed.data)).toBe(JSON.stringify(JSON.parse(data)))
    }),
  )
})
