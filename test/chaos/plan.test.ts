// The plan of faults: repeatable, fair, bounded.
import { expect, test } from 'vitest'
import { FaultPlan, faultKinds, stormMs } from '../../chaos/plan.ts'
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
  const kinds = storms(7, 20).flatMap(storm => storm.map(fault => fault.kind))
  expect(new Set(kinds.slice(0, faultKinds.length))).toEqual(new Set(faultKinds))
})

test('every fault is over when the storm is, and a run of twenty minutes has more than a hundred', () => {
  const faults = storms(1, 20).flat()
  expect(faults.length).toBeGreaterThan(100)
  for (const { afterMs, forMs } of faults) expect(afterMs + forMs).toBeLessThanOrEqual(stormMs)
})
