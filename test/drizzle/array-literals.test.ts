// Arrays written by ourselves: Postgres reads exactly what was meant, whatever the text contains.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { plainArray, textArray } from '../../drizzle/array-literals.ts'
import { anyText } from '../support/any-text.ts'
import { freshDatabase } from '../support/database.ts'

const same = <Value>(value: Value) => value
const nullable = <Value>(values: fc.Arbitrary<Value>) => fc.array(fc.option(values))

/** What Postgres reads, as JSON. */
async function reader() {
  const client = await (await freshDatabase({ empty: true })).connect()
  return async (type: string, literal: string): Promise<unknown> => {
    const { rows } = await client.query(`select array_to_json($1::${type}[])::text as read`, [literal])
    return JSON.parse(rows[0].read)
  }
}

test('texts: quotes, backslashes, commas, braces, white space, and the text NULL', async () => {
  const read = await reader()
  const difficult = ['', ' ', '"', '\\', '\\"', ',', '{}', '{', '}', 'NULL', 'null', null, "'", '\n\t', 'a b']
  expect(await read('text', textArray(difficult, same))).toEqual(difficult)
  // Postgres has neither NUL nor half a pair of surrogates: whoever writes text has replaced them before.
  const text = anyText.map(text => text.replaceAll('\0', '').toWellFormed())
  await fc.assert(
    fc.asyncProperty(nullable(text), async texts => {
      expect(await read('text', textArray(texts, same))).toEqual(texts)
    }),
  )
})

test('numbers, booleans and ids', async () => {
  const read = await reader()
  const doubles = fc.double({ noNaN: true, noDefaultInfinity: true }).map(number => number + 0)
  await fc.assert(
    fc.asyncProperty(nullable(doubles), nullable(fc.boolean()), async (numbers, booleans) => {
      expect(await read('float8', plainArray(numbers, same))).toEqual(numbers)
      expect(await read('bool', plainArray(booleans, same))).toEqual(booleans)
    }),
  )
  expect(await read('int', plainArray([1, null, -2], same))).toEqual([1, null, -2])
  const largest = 9_223_372_036_854_775_807n
  expect(await read('bigint', plainArray(['1', null], same))).toEqual([1, null])
  expect(plainArray([largest], same)).toBe('{9223372036854775807}')
  expect(await read('bigint', plainArray([], same))).toEqual([])
})
