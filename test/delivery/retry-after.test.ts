// The Retry-After header: properties over all the things that receivers write into it.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { maxRetryAfterSeconds, parseRetryAfter } from '../../delivery/retry-after.ts'
import { anyText } from '../support/any-text.ts'

const now = Date.UTC(2026, 10, 6, 12)
const date = (ms: number) => new Date(ms).toUTCString()

test.each([
  ['0', 0],
  ['120', 120],
  ['120.6', 120.6],
  [' 7 ', 7],
  ['86400', 86_400],
  ['86401', 86_400],
  ['9'.repeat(400), 86_400],
  [date(now + 90_000), 90],
  [date(now), 0],
  [date(now - 90_000), 0],
  ['Fri, 31 Dec 9999 23:59:59 GMT', 86_400],
])('Retry-After "%s" asks for %d seconds', (value, seconds) => {
  expect(parseRetryAfter(value, null, now)).toBe(seconds)
})

test.each([
  null,
  '',
  ' ',
  '-5',
  '+5',
  '1e300',
  '0x10',
  'inf',
  'Infinity',
  'NaN',
  '5 s',
  '120, 60',
  '1.2.3',
  '١٢',
  'Wed, 99 Foo',
  'Wed, 99 Foo 2026 10:00:00 GMT',
  'Wed, 99 Nov 2026 10:00:00 GMT',
  '2026-11-06T12:01:00Z',
  'Nov 6 2026',
  'soon',
])('Retry-After "%s" asks for nothing', value => {
  expect(parseRetryAfter(value, null, now)).toBeNull()
})

test('a date counts by the receiver’s clock, however wrong that clock is', () => {
  const seconds = fc.integer({ min: 0, max: 86_400 })
  const clocks = fc.integer({ min: 0, max: 4_000_000_000 }) // until 2096
  fc.assert(
    fc.property(seconds, clocks, clocks, (asked, theirs, ours) => {
      const value = date((theirs + asked) * 1000)
      expect(parseRetryAfter(value, date(theirs * 1000), ours * 1000)).toBe(asked)
    }),
  )
})

test.each(['', 'now', '1', 'Wed, 99 Nov 2026 10:00:00 GMT', `${date(now)}, ${date(now)}`])(
  'a receiver whose date header is "%s" is assumed to have our time',
  dated => {
    expect(parseRetryAfter(date(now + 90_000), dated, now)).toBe(90)
  },
)

test('no header asks for a negative pause or for more than a day', () => {
  const spoken = fc.oneof(
    anyText,
    fc.double().map(String),
    fc.date({ noInvalidDate: true }).map(date => date.toUTCString()),
    fc.bigInt().map(String),
  )
  fc.assert(
    fc.property(spoken, fc.option(spoken), fc.integer({ min: 0, max: 2 ** 45 }), (value, dated, now) => {
      const seconds = parseRetryAfter(value, dated, now)
      if (seconds === null) return
      expect(seconds).toBeGreaterThanOrEqual(0)
      expect(seconds).toBeLessThanOrEqual(maxRetryAfterSeconds)
    }),
  )
})
