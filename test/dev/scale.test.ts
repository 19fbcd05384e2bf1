// The plans of docs/scale.md hold in their simulation, up to 100,000 webhooks a second, and are not larger than they must be.
import { describe, expect, test } from 'vitest'
import { costOf, databaseLimit, edgeCostOf, planFor } from '../../dev/scale/plan.ts'
import { routingTable, simulate } from '../../dev/scale/simulate.ts'
import { ratesPerSecond } from '../../dev/scale/table.ts'

describe.each(ratesPerSecond)('%i webhooks a second', perSecond => {
  const plan = planFor(perSecond)

  test('wait no longer than a moment, through bursts and without a listener for a while', () => {
    for (const seed of [1, 2]) {
      const { p99Seconds, maxSeconds, utilization } = simulate(plan, { seed })
      expect(p99Seconds).toBeLessThan(0.1)
      expect(maxSeconds).toBeLessThan(5)
      expect(utilization).toBeLessThan(0.75)
    }
  })
})

test('with half of the listeners, or of the databases, 100,000 a second pile up', () => {
  const plan = planFor(100_000)
  const fewer = { ...plan, listeners: Math.floor(plan.listeners / 2) }
  expect(simulate(fewer).p99Seconds).toBeGreaterThan(10)
  expect(simulate({ ...plan, databases: Math.floor(plan.databases / 2) }).p99Seconds).toBeGreaterThan(10)
})

test('one database is enough until one fan-out at a time is its limit, however many cores it has', () => {
  expect(planFor(databaseLimit(16)).databases).toBe(1)
  expect(planFor(databaseLimit(16) * 1.01).databases).toBe(2)
  expect(databaseLimit(64)).toBe(databaseLimit(16))
})

test('a routing table spreads tenants of different size more evenly than their numbers do', () => {
  const plan = planFor(100_000)
  expect(simulate(plan).utilization).toBeLessThan(simulate(plan, { routing: 'hash' }).utilization)
  expect(routingTable([5, 4, 3, 2, 1], 2)).toEqual([0, 1, 1, 0, 0])
})

test('more webhooks never cost less, and a million of them never more', () => {
  const costs = ratesPerSecond.map(perSecond => costOf(planFor(perSecond)))
  const totals = costs.map(({ databases, senders }) => databases + senders)
  expect(totals).toEqual(totals.toSorted((a, b) => a - b))
  const perMillion = costs.map(({ perMillion }) => perMillion)
  expect(perMillion[0]).toBeGreaterThan(perMillion.at(-1)!)
})

test('at the edge senders cost by the webhook, so listeners are cheaper once they have enough to do', () => {
  expect(edgeCostOf(1).senders).toBeLessThan(10)
  expect(edgeCostOf(20_000).senders).toBeGreaterThan(costOf(planFor(20_000)).senders)
})
