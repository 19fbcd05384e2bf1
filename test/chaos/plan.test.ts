// The plan of faults: repeatable, fair, bounded.
import { expect, test } from 'vitest'
import { FaultPlan, faultKinds, stormMs } from '../../chaos/plan.ts'
import { leaseSeconds } from '../../chaos/scene.ts'
import { randomFrom } from '../../dev/random.ts'

const storms = (seed: number, count: number) => {
  const plan = new FaultPlan(randomFrom(seed))
  return Array.from({ length: count }, () => plan.nextStorm())
}

test('the same seed chooses the same faults, another seed others', () => {
  expect(storms(42, 5)).toEqual(storms(42, 5))
  expect(storms(42, 5)).not.toEqual(storms(43, 5))
})

test('every storm begins with a freeze that outlasts leases; of the rest, every kind comes once before any comes twice', () => {
  const plan = storms(7, 20)
  for (const [first] of plan) expect(first).toMatchObject({ kind: 'freeze past lease' })
  for (const [first] of plan) expect(first!.forMs).toBeGreaterThan((leaseSeconds + 10) * 1000)
  const kinds = plan.flatMap(storm => storm.slice(1).map(fault => fault.kind))
  expect(new Set(kinds.slice(0, faultKinds.length - 1))).toEqual(new Set(faultKinds.slice(1)))
})

test('every fault is over when the storm is, and a run of twenty minutes has more than a hundred', () => {
  const faults = storms(1, 20).flat()
  expect(faults.length).toBeGreaterThan(100)
  for (const { afterMs, forMs } of faults) expect(afterMs + forMs).toBeLessThanOrEqual(stormMs)
})
