// Waits: how far jitter goes, and how waits are printed.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { describeWait, duration, jittered } from '../../delivery/wait.ts'

const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const waits = fc.integer({ min: 0, max: 2_592_000 })

test('a wait with jitter is between 80 and 120 % of the planned one, and grows with the random number', () => {
  fc.assert(
    fc.property(waits, randoms, randoms, (wait, one, other) => {
      const [low, high] = one < other ? [one, other] : [other, one]
      const [shorter, longer] = [jittered(wait, () => low), jittered(wait, () => high)]
      expect(shorter).toBeGreaterThanOrEqual(wait * 0.8 - 1e-6)
      expect(longer).toBeLessThanOrEqual(wait * 1.2 + 1e-6)
      expect(shorter).toBeLessThanOrEqual(longer)
    }),
  )
})

test('the printed bounds are the shortest and the longest wait', () => {
  expect(describeWait(300)).toEqual({ wait: '5 min', shortest: '4 min', longest: '6 min' })
})

test('a printed duration adds up to its seconds', () => {
  const units: Record<string, number> = { h: 3600, min: 60, s: 1 }
  fc.assert(
    fc.property(waits, seconds => {
      const parts = duration(seconds).match(/\S+ \S+/g)!
      const sum = parts.reduce((sum, part) => {
        const [count, unit] = part.split(' ') as [string, string]
        return sum + Number(count) * units[unit]!
      }, 0)
      expect(sum).toBe(seconds)
    }),
  )
})
