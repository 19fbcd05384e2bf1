// Public ids: every id can be read back from its text, and no other text is an id.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatDeliveryId, formatId, parseDeliveryId, parseId } from '../../delivery/ids.ts'

const rowId = fc.bigInt({ min: 1n, max: 2n ** 63n - 1n })
const nonce = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })

test('an id is the row id and its random half, in hexadecimal', () => {
  expect(formatId('evt', 1n, 255)).toBe('evt_0000000000000001000000ff')
  expect(formatId('ep', 2n ** 63n - 1n, -1)).toBe('ep_7fffffffffffffffffffffff')
  expect(formatDeliveryId(9007199254740993n, 2n)).toBe('dlv_00200000000000010000000000000002')
})

test('every id that is written can be read back', () => {
  fc.assert(
    fc.property(fc.constantFrom('evt', 'ep'), rowId, nonce, (prefix, id, nonce) => {
      expect(parseId(prefix, formatId(prefix, id, nonce))).toEqual({ id, nonce })
    }),
  )
  fc.assert(
    fc.property(rowId, rowId, (eventId, endpointId) => {
      expect(parseDeliveryId(formatDeliveryId(eventId, endpointId))).toEqual({ eventId, endpointId })
    }),
  )
})

test.each([
  ['another prefix', 'ep_000000000000000100000000'],
  ['no prefix', '000000000000000100000000'],
  ['one digit short', 'evt_00000000000000010000000'],
  ['one digit more', 'evt_0000000000000001000000000'],
  ['capital letters', 'evt_00000000000000010000000A'],
  ['a digit outside hexadecimal', 'evt_00000000000000010000000g'],
  ['a sign', 'evt_-00000000000000100000000'],
  ['a leading space', ' evt_000000000000000100000000'],
  ['a trailing line break', 'evt_000000000000000100000000\n'],
  ['a row id of zero', 'evt_000000000000000000000000'],
  ['a row id too large for bigint', 'evt_800000000000000000000000'],
])('%s is not an event id', (_, text) => {
  expect(parseId('evt', text)).toBeNull()
})

test('both halves of a delivery id are as strict', () => {
  expect(parseDeliveryId('dlv_80000000000000000000000000000001')).toBeNull()
  expect(parseDeliveryId('dlv_00000000000000018000000000000000')).toBeNull()
  expect(parseDeliveryId('dlv_0000000000000001000000000000000')).toBeNull()
  expect(parseDeliveryId('evt_00000000000000010000000000000001')).toBeNull()
})

test('a text that is read as an id is the text that would be written', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'0123456789abcdefA-x'), maxLength: 24 }), digits => {
      const text = `evt_${digits.padStart(24, '0')}`
      const parsed = parseId('evt', text)
      if (parsed) expect(formatId('evt', parsed.id, parsed.nonce)).toBe(text)
    }),
  )
})
