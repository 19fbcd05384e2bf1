// The plan of faults is repeatable and complete, and its faults end.
import { expect, test } from 'vitest'
import { FaultPlan, faultKinds } from '../../chaos/plan.ts'
import { leaseSeconds } from '../../chaos/topology.ts'
import { randomFrom } from '../../dev/random.ts'

const faultPeriods = (seed: number, count: number) => {
  const plan = new FaultPlan(randomFrom(seed))
  return Array.from({ length: count }, () => plan.nextFaultPeriod())
}

test('the same seed plans the same faults, and another seed plans others', () => {
  expect(faultPeriods(42, 5)).toEqual(faultPeriods(42, 5))
  expect(faultPeriods(42, 5)).not.toEqual(faultPeriods(43, 5))
})

test('every kind of fault comes once before any comes twice', () => {
  const kinds = faultPeriods(7, 20).flatMap(period => period.slice(0, -1).map(fault => fault.kind))
  expect(new Set(kinds.slice(0, faultKinds.length - 1))).toEqual(new Set(faultKinds.slice(1)))
})

test('every fault period ends with a freeze longer than a lease, without other faults during it', () => {
  for (const period of faultPeriods(7, 20)) {
    const freeze = period.pop()!
    expect(freeze.kind).toBe('freeze past lease')
    expect(freeze.forMs).toBeGreaterThan((leaseSeconds + 10) * 1000)
    for (const { afterMs, forMs } of period) expect(afterMs + forMs).toBeLessThan(freeze.afterMs)
  }
})

test('a run of twenty minutes has more than a hundred faults', () => {
  const longestRoundMs = 120_000
  expect(faultPeriods(1, (20 * 60_000) / longestRoundMs).flat().length).toBeGreaterThan(100)
})
