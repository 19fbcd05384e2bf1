// Breaker and retry schedule together, simulated over receivers that do not accept everything at once. That settle.sql keeps
// to the rules that are simulated here, test/drizzle/breaker-model.test.ts shows.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cases, refusesFirst } from '../../dev/breaker/receivers.ts'
import { simulate } from '../../dev/breaker/simulate.ts'

const seeds = [1, 2]
const fifteenMinutes = 900

describe('with a receiver that accepts every webhook within its schedule', () => {
  test.each(cases.filter(({ acceptsAll }) => acceptsAll))(
    'all are delivered, soon enough, and the endpoint is never disabled: $name',
    ({ setup }) => {
      for (const seed of seeds) {
        const ours = simulate({ ...setup(), seed })
        const none = simulate({ ...setup(), seed, breaker: 'none' })
        expect(ours).toMatchObject({ delivered: setup().webhooks, dead: 0, disabled: null })
        expect(ours.lastDelivered).toBeLessThan(3 * none.lastDelivered! + fifteenMinutes)
      }
    },
  )
})

test.each(cases)('no more requests are refused than without a breaker: $name', ({ setup }) => {
  for (const seed of seeds) {
    const ours = simulate({ ...setup(), seed })
    const none = simulate({ ...setup(), seed, breaker: 'none' })
    // What is refused at random differs from run to run.
    expect(ours.refused).toBeLessThanOrEqual(1.03 * none.refused + 10)
  }
})

test('whatever the schedule, a receiver that refuses the first tries of each webhook gets all, at no more requests than that takes', () => {
  const setups = fc
    .array(fc.constantFrom(0, 0.05, 1, 5, 60, 300, 3600), { minLength: 1, maxLength: 12 })
    .chain(schedule =>
      fc.record({
        schedule: fc.constant(schedule),
        refused: fc.integer({ min: 0, max: schedule.length }),
        webhooks: fc.integer({ min: 1, max: 300 }),
        spacing: fc.constantFrom(0, 0.1, 1, 60),
        key: fc.option(
          fc.integer({ min: 1, max: 5 }).map(keys => (id: number) => `key${id % keys}`),
          { nil: undefined },
        ),
        seed: fc.nat(),
      }),
    )
  fc.assert(
    fc.property(setups, ({ refused, ...setup }) => {
      // In order of keys, the waits of one webhook after the other may add up to more than it takes to disable the endpoint.
      const webhooks = setup.key ? Math.min(setup.webhooks, 20) : setup.webhooks
      const outcome = simulate({ ...setup, webhooks, receiver: refusesFirst(refused) })
      expect(outcome).toMatchObject({ delivered: webhooks, dead: 0, disabled: null })
      expect(outcome.refused).toBe(refused * webhooks)
    }),
    { numRuns: 200 },
  )
})

test('the longest way through the default schedule ends before the endpoint would be disabled, however the waits fall', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const outcome = simulate({ webhooks: 40, receiver: refusesFirst(9), seed })
    expect(outcome).toMatchObject({ delivered: 40, disabled: null })
  }
})

test('probes that always took the oldest delivery would starve a receiver that refuses the first two tries of each', () => {
  const outcome = simulate({ webhooks: 5097, receiver: refusesFirst(2), breaker: 'oldest' })
  expect(outcome).toMatchObject({ delivered: 0, disabled: expect.any(Number) })
})
