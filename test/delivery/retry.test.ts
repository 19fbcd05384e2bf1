// When it is tried again: properties over all schedules, attempts and things receivers write into Retry-After.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  defaultRetrySchedule,
  describeSchedule,
  maxRetryAfterSeconds,
  parseRetryAfter,
  retryInSeconds,
} from '../../delivery/retry.ts'
import { anyText } from '../support/any-text.ts'

const schedules = fc.array(fc.double({ min: 0, max: 2_592_000, noNaN: true }), { maxLength: 50 })
const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

describe('waits', () => {
  test('follow the schedule within a fifth, for as many attempts as it has, and then there is none', () => {
    fc.assert(
      fc.property(schedules, fc.integer({ min: 1, max: 1000 }), randoms, (schedule, attempt, random) => {
        const wait = retryInSeconds(schedule, attempt, () => random)
        const planned = schedule[attempt - 1]
        if (planned === undefined) {
          expect(wait).toBeNull()
          return
        }
        expect(wait).toBeGreaterThanOrEqual(planned * 0.8)
        expect(wait).toBeLessThanOrEqual(planned * 1.2)
        expect(Number.isFinite(wait)).toBe(true)
      }),
    )
  })

  test('use the whole fifth both ways', () => {
    expect(retryInSeconds([100], 1, () => 0)).toBe(80)
    expect(retryInSeconds([100], 1, () => 0.5)).toBe(100)
    expect(retryInSeconds([100], 1, () => 1 - Number.EPSILON)).toBeCloseTo(120)
  })

  test('spread what failed together: no second has more than three times its share', () => {
    const seconds = new Map<number, number>()
    for (let i = 0; i < 10_000; i++) {
      const second = Math.floor(retryInSeconds(defaultRetrySchedule, 2, Math.random)!)
      seconds.set(second, (seconds.get(second) ?? 0) + 1)
    }
    expect(Math.max(...seconds.values())).toBeLessThan((3 * 10_000) / 120)
  })

  test('never get shorter from one attempt to the next, by default, and add up to three days', () => {
    for (let i = 1; i < defaultRetrySchedule.length; i++) {
      expect(defaultRetrySchedule[i]! * 0.8).toBeGreaterThan(defaultRetrySchedule[i - 1]! * 0.8)
    }
    expect(describeSchedule().at(-1)).toEqual({
      attempt: 9,
      wait: '24 h',
      shortest: '19 h 12 min',
      longest: '28 h 48 min',
      total: '75 h 35 min 5 s',
    })
  })

  test('are described in words people use', () => {
    expect(describeSchedule([0, 0.5, 90, 3661])).toEqual([
      { attempt: 1, wait: '0 s', shortest: '0 s', longest: '0 s', total: '0 s' },
      { attempt: 2, wait: '0.5 s', shortest: '0.4 s', longest: '0.6 s', total: '0.5 s' },
      {
        attempt: 3,
        wait: '1 min 30 s',
        shortest: '1 min 12 s',
        longest: '1 min 48 s',
        total: '1 min 30.5 s',
      },
      {
        attempt: 4,
        wait: '1 h 1 min 1 s',
        shortest: '48 min 48.8 s',
        longest: '1 h 13 min 13.2 s',
        total: '1 h 2 min 31.5 s',
      },
    ])
  })
})

describe('Retry-After', () => {
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
  ])('"%s" asks for %d seconds', (value, seconds) => {
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
  ])('"%s" asks for nothing', value => {
    expect(parseRetryAfter(value, null, now)).toBeNull()
  })

  test('a date is told by the clock of the receiver, however wrong that goes', () => {
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
    'a receiver that dates its answer "%s" is taken to have our time',
    dated => {
      expect(parseRetryAfter(date(now + 90_000), dated, now)).toBe(90)
    },
  )

  test('whatever it says, there is no answer outside nothing and a day', () => {
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
})
