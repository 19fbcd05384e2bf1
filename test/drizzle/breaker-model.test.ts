// The circuit breaker and slow start in settle.sql against the rules in dev/breaker/rules.ts, over any order of outcomes,
// probes and quiet times. What is shown of these rules by simulation is true of the statement, therefore.
import fc from 'fast-check'
import type pg from 'pg'
import { expect, test } from 'vitest'
import { doubtSeconds, failuresToOpen } from '../../delivery/breaker.ts'
import type { EventId, Settlement } from '../../delivery/types.ts'
import { jitter } from '../../delivery/wait.ts'
import { type Health, healthy, type Result, settled } from '../../dev/breaker/rules.ts'
import { leased } from '../support/attempts.ts'
import { freshDatabase } from '../support/database.ts'
import { addEndpoint, emit, greedy, storeOn } from '../support/outbox.ts'
import { failure, success } from '../support/settlements.ts'

const maxInFlight = 6
const deliveries = 24

const outcomes = {
  refusing: fc.constant('failure' as const),
  throttling: fc.constantFrom('failure' as const, 'throttled' as const),
  accepting: fc.constant('success' as const),
  mixed: fc.constantFrom<Result['outcome']>('failure', 'success', 'throttled', 'uncounted'),
}
const resultsOf = (kind: keyof typeof outcomes, maxLength: number) =>
  fc.shuffledSubarray(Array.from({ length: deliveries }, (_, id) => id)).chain(ids =>
    fc.tuple(
      ...ids.slice(0, maxLength).map(id =>
        fc.record({
          id: fc.constant(id),
          tries: fc.integer({ min: 1, max: 4 }),
          outcome: outcomes[kind],
          pending: fc.constantFrom(true, true, false),
        }),
      ),
    ),
  )
/** A batch of settlements, a claim that takes the probe of an open breaker, or so long a time that the doubt is over. */
const step = fc.oneof(
  { weight: 5, arbitrary: resultsOf('refusing', deliveries) },
  { weight: 1, arbitrary: resultsOf('throttling', deliveries) },
  { weight: 3, arbitrary: resultsOf('accepting', 3) },
  { weight: 2, arbitrary: resultsOf('mixed', 5) },
  { weight: 2, arbitrary: fc.constant('claim' as const) },
  { weight: 1, arbitrary: fc.constant('quiet' as const) },
)

test('settle.sql follows the rules of circuit breaker and slow start for any order of outcomes', async () => {
  const client: pg.Client = await (await freshDatabase()).connect()
  const { id: endpointId } = await addEndpoint(client, {
    url: 'https://a.example',
    max_in_flight: maxInFlight,
  })
  await emit(client, deliveries)
  const store = storeOn(client)
  await store.take(greedy('setup:1', { leaseLimit: 0 }))
  const { rows } = await client.query('select id::text from outbox.events e order by e.id')
  const eventIds: EventId[] = rows.map(row => row.id)
  const numberOf = (id: string | null) => (id === null ? null : eventIds.indexOf(id as EventId))
  let attempt = 10

  async function lease(results: readonly Result[]): Promise<Settlement[]> {
    attempt++
    for (const { id, tries } of results) {
      await client.query(
        `update outbox.delivery_rows
         set state = 'sending', attempt = $2::int, retry_base = $2::int - $3::int, lease = 'a:1', leased_until = clock_timestamp(),
             reason = null, finished_at = null
         where event_id = $1`,
        [eventIds[id], attempt, tries],
      )
    }
    return results.map(({ id, outcome, pending }) => {
      const delivery = leased({ eventId: eventIds[id]!, endpointId, lease: 'a:1', attempt })
      if (outcome === 'success') return success(delivery)
      return failure(delivery, {
        state: pending ? 'pending' : 'dead',
        retryInSeconds: pending ? 1 : null,
        error: outcome === 'throttled' ? 'throttled' : 'timeout',
        countsAsAttempt: outcome !== 'uncounted',
      })
    })
  }

  const reached = { relapses: 0, triesNeeded: 0 }
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async steps => {
      await client.query(`update outbox.delivery_rows
        set state = 'pending', attempt = 0, retry_base = 0, lease = null, leased_until = null, finished_at = null`)
      await client.query(`update outbox.endpoint_health
        set failures = 0, early_failures = 0, failing_since = null, probe_at = null, probes = 0, probing = false,
            slow_start_limit = null, nearest_event_id = null, tries_needed = 1, relapses = 0, doubted_at = null`)
      const tries = new Map<number, number | null>()
      let expected = healthy
      for (const step of steps) {
        if (step === 'claim') {
          await client.query('update outbox.endpoint_health set probing = true where probe_at is not null')
          expected = { ...expected, probing: expected.open }
          continue
        }
        if (step === 'quiet') {
          await client.query(
            `update outbox.endpoint_health set doubted_at = doubted_at - make_interval(secs => $1)`,
            [doubtSeconds],
          )
          const { doubtedAt } = expected
          expected = { ...expected, doubtedAt: doubtedAt === null ? null : doubtedAt - doubtSeconds }
          continue
        }
        const settlements = await lease(step)
        const before = await read(client)
        await store.settleIfLeased(settlements)
        const after = await read(client)
        if (step.length === 0) continue
        const model = settled(expected, step, {
          now: after.now,
          maxInFlight,
          triesOf: id => tries.get(id) ?? null,
        })
        const { doubtedAt, ...rest } = model.health
        expect({ ...after.health, nearest: numberOf(after.nearest) }).toEqual(rest)
        if (doubtedAt === null) expect(after.doubtedAt).toBe(null)
        else expect(Math.abs(after.doubtedAt! - doubtedAt)).toBeLessThan(30)
        if (model.wait === null) expect(after.probeAt).toBe(model.health.open ? before.probeAt : null)
        else expectWait(after.probeAt! - before.now, model.wait, after.now - before.now)
        for (const result of step) {
          const ended = result.outcome === 'success' || !result.pending
          tries.set(result.id, ended ? null : result.tries - (result.outcome === 'uncounted' ? 1 : 0))
        }
        expected = { ...model.health, doubtedAt: after.doubtedAt }
        reached.relapses = Math.max(reached.relapses, expected.relapses)
        reached.triesNeeded = Math.max(reached.triesNeeded, expected.triesNeeded)
      }
    }),
    { numRuns: 80, examples: [[learnsThatOneTryIsEnough]] },
  )
  // It would prove little if the breaker never opened again in doubt, or never learned that it takes several tries.
  expect(reached.relapses).toBeGreaterThanOrEqual(2)
  expect(reached.triesNeeded).toBeGreaterThanOrEqual(3)
})

test('the numbers of failures that open the breaker rise', () => {
  for (const [i, failures] of failuresToOpen.entries())
    expect(failures).toBeGreaterThan(failuresToOpen[i - 1] ?? 0)
})

/** The receiver accepted second tries at first, and first ones once the endpoint was healthy again. */
const learnsThatOneTryIsEnough: (Result[] | 'claim' | 'quiet')[] = [
  Array.from({ length: 10 }, (_, id) => ({ id, tries: 1, outcome: 'failure', pending: true })),
  ...Array.from({ length: 30 }, (_, n): Result[] => [
    { id: n % 10, tries: 2, outcome: 'success', pending: true },
  ]),
  [{ id: 1, tries: 1, outcome: 'success', pending: true }],
]

/** `passed`: the statement's own clock lies somewhere within so many seconds from the beginning. */
function expectWait(seconds: number, planned: number, passed: number): void {
  expect(seconds).toBeGreaterThanOrEqual(planned * (1 - jitter))
  expect(seconds).toBeLessThanOrEqual(planned * (1 + jitter) + passed)
}

interface Read {
  health: Omit<Health, 'doubtedAt' | 'nearest'>
  nearest: string | null
  probeAt: number | null
  doubtedAt: number | null
  now: number
}

async function read(client: pg.Client): Promise<Read> {
  const { rows } = await client.query(
    `select failures, early_failures as "earlyFailures", probe_at is not null as open, probing, probes as "failedProbes",
            slow_start_limit as "slowStart", tries_needed as "triesNeeded", relapses, nearest_event_id::text as nearest,
            extract(epoch from doubted_at)::float8 as "doubtedAt", extract(epoch from probe_at)::float8 as "probeAt",
            extract(epoch from clock_timestamp())::float8 as now
     from outbox.endpoint_health`,
  )
  const { nearest, probeAt, doubtedAt, now, ...health } = rows[0]
  return { health, nearest, probeAt, doubtedAt, now }
}
