// Exact JSON, in and out.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { JsonText, parseJson, toDouble, writeJson } from '../../../functions/http/json.ts'

test.each([
  ['17', 17],
  ['-0.5', -0.5],
  ['9007199254740991', 9007199254740991],
  ['9007199254740993', 9007199254740993n],
  ['-9223372036854775808', -9223372036854775808n],
  ['12345678901234567890', 12345678901234567890n],
])('%s is read exactly', (text, value) => {
  expect(parseJson(text)).toBe(value)
})

test.each(['12345678901234567890.10', '1.0', '1e400', '0.1000000000000000055'])(
  '%s is kept as it was written',
  text => expect(JSON.stringify(parseJson(`{"n":[${text}]}`))).toBe(`{"n":[${text}]}`),
)

test('a number is kept as it was written wherever it stands, and whatever stands beside it', () => {
  const number = fc.oneof(
    fc.constantFrom('0', '0.0', '-0.0', '-0.5', '1e1', '1E-7', '9007199254740993', '999999999999999'),
    fc.bigInt().map(String),
    fc
      .tuple(fc.integer(), fc.stringMatching(/^\.\d{1,20}$/))
      .map(([whole, fraction]) => `${whole}${fraction}`),
  )
  const space = fc.constantFrom('', ' ', '\n\t')
  const beside = fc.constantFrom('"12:30.5"', '"[-0,1e3"', 'true', '{}', '17')
  fc.assert(
    fc.property(number, space, beside, (number, space, beside) => {
      for (const [head, tail] of [
        ['', ''],
        ['[', ']'],
        [`[${beside},`, ']'],
        ['{"a":', `,"b":${beside}}`],
      ])
        expect(writeJson(parseJson(`${head}${space}${number}${space}${tail}`) as never)).toBe(
          `${head}${number}${tail}`,
        )
    }),
  )
})

test('every spelling of a number is accepted where a double will do', () => {
  expect([parseJson('10.0'), parseJson('1e1'), parseJson('10')].map(toDouble)).toEqual([10, 10, 10])
})

test('JSON text from elsewhere is embedded byte for byte', () => {
  const data = '{"n" : 12345678901234567890.10,\n"n":1.00}'
  expect(writeJson({ id: 2n ** 63n, data: new JsonText(data), none: undefined, list: [null, 'a"b'] })).toBe(
    `{"id":9223372036854775808,"data":${data},"list":[null,"a\\"b"]}`,
  )
})

test('other JSON is read and written as JavaScript does', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), value => {
      expect(writeJson(value as Parameters<typeof writeJson>[0])).toBe(JSON.stringify(value))
      expect(parseJson(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
})
