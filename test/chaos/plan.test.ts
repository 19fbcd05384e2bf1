// The plan of faults: repeatable, fair, bounded.
import { expect, test } from 'vitest'
import { FaultPlan, faultKinds } from '../../chaos/plan.ts'
import { leaseSeconds } from '../../chaos/topology.ts'
import { randomFrom } from '../../dev/random.ts'

const storms = (seed: number, count: number) => {
  const plan = new FaultPlan(randomFrom(seed))
  return Array.from({ length: count }, () => plan.nextStorm())
}

test('the same seed chooses the same faults, another seed others', () => {
  expect(storms(42, 5)).toEqual(storms(42, 5))
  expect(storms(42, 5)).not.toEqual(storms(43, 5))
})

test('every kind comes once before any comes twice', () => {
  const kinds = storms(7, 20).flatMap(storm => storm.slice(0, -1).map(fault => fault.kind))
  expect(new Set(kinds.slice(0, faultKinds.length - 1))).toEqual(new Set(faultKinds.slice(1)))
})

test('every storm ends with a freeze that outlasts leases, and nothing else goes wrong meanwhile', () => {
  for (const storm of storms(7, 20)) {
    const freeze = storm.pop()!
    expect(freeze.kind).toBe('freeze past lease')
    expect(freeze.forMs).toBeGreaterThan((leaseSeconds + 10) * 1000)
    for (const { afterMs, forMs } of storm) expect(afterMs + forMs).toBeLessThan(freeze.afterMs)
  }
})

test('a run of twenty minutes has more than a hundred', () => {
  const longestRoundMs = 120_000
  expect(storms(1, (20 * 60_000) / longestRoundMs).flat().length).toBeGreaterThan(100)
})
