// When a delivery is tried again: properties over all schedules and attempts.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { defaultRetrySchedule, describeSchedule, retryInSeconds } from '../../delivery/retry.ts'

const schedules = fc.array(fc.double({ min: 0, max: 2_592_000, noNaN: true }), { maxLength: 50 })
const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

describe('waits before a retry', () => {
  test('stay within a fifth of the schedule for each of its attempts, and after the last there is none', () => {
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

  test('reach a fifth below and above the schedule', () => {
    expect(retryInSeconds([100], 1, () => 0)).toBe(80)
    expect(retryInSeconds([100], 1, () => 0.5)).toBe(100)
    expect(retryInSeconds([100], 1, () => 1 - Number.EPSILON)).toBeCloseTo(120)
  })

  test('are spread: of what failed together no second has more than three times its share', () => {
    const seconds = new Map<number, number>()
    for (let i = 0; i < 10_000; i++) {
      const second = Math.floor(retryInSeconds(defaultRetrySchedule, 2, Math.random)!)
      seconds.set(second, (seconds.get(second) ?? 0) + 1)
    }
    expect(Math.max(...seconds.values())).toBeLessThan((3 * 10_000) / 120)
  })

  test('never get shorter in the default schedule, and add up to three days', () => {
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

  test('are printed in hours, minutes and seconds', () => {
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
