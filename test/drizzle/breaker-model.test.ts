// The circuit breaker and slow start in settle.sql against a model of the rules, over any order of outcomes and probes.
import fc from 'fast-check'
import type pg from 'pg'
import { expect, test } from 'vitest'
import { failuresToOpen, probeSchedule, slowStartLimit } from '../../delivery/breaker.ts'
import type { EventId } from '../../delivery/types.ts'
import { jitter } from '../../delivery/wait.ts'
import { leased } from '../support/attempts.ts'
import { freshDatabase } from '../support/database.ts'
import { addEndpoint, emit, greedy, storeOn } from '../support/outbox.ts'
import { failure, success } from '../support/settlements.ts'

const maxInFlight = 6

interface Batch {
  readonly successes: number
  readonly failures: number
  /** Failures that do not count as attempts. */
  readonly uncounted: number
}
const batch = fc.record({
  successes: fc.constantFrom(0, 0, 0, 1, 3),
  failures: fc.constantFrom(0, 1, 4, failuresToOpen - 1, failuresToOpen),
  uncounted: fc.constantFrom(0, 0, 1),
})
/** A batch of settlements, or a claim that takes the probe of an open breaker. */
const step = fc.oneof({ weight: 3, arbitrary: batch }, fc.constant('claim' as const))

interface Health {
  failures: number
  /** The breaker: closed, open with a planned wait, or with its probe under way. */
  open: boolean
  probing: boolean
  failedProbes: number
  slowStart: number | null
}
const healthy: Health = { failures: 0, open: false, probing: false, failedProbes: 0, slowStart: null }

/** The rules: what a batch makes of an endpoint's health, and how long its next probe waits if that is decided now. */
function settled(
  health: Health,
  { successes, failures, uncounted }: Batch,
): { health: Health; wait: number | null } {
  if (successes > 0)
    return { health: { ...healthy, slowStart: slowStartAfter(health, successes) }, wait: null }
  const next = { ...health, failures: health.failures + failures, probing: false }
  if (health.probing && uncounted > 0) return { health: next, wait: 0 }
  if (health.probing) {
    const failedProbes = health.failedProbes + 1
    return { health: { ...next, failedProbes }, wait: waitOfProbe(failedProbes + 1) }
  }
  if (health.open || next.failures < failuresToOpen) return { health: next, wait: null }
  return { health: { ...next, open: true }, wait: waitOfProbe(1) }
}

function slowStartAfter({ open, slowStart }: Health, successes: number): number | null {
  if (open) return slowStartLimit
  if (slowStart === null || slowStart + successes >= maxInFlight) return null
  return slowStart + successes
}

function waitOfProbe(number: number): number {
  return probeSchedule[Math.min(number, probeSchedule.length) - 1]!
}

test('settle.sql follows the model of circuit breaker and slow start for any order of outcomes', async () => {
  const client: pg.Client = await (await freshDatabase()).connect()
  const { id: endpointId } = await addEndpoint(client, {
    url: 'https://a.example',
    max_in_flight: maxInFlight,
  })
  await emit(client, 1)
  const store = storeOn(client)
  await store.take(greedy('setup:1', { leaseLimit: 0 }))
  const { rows } = await client.query('select id::text from outbox.events')
  const eventId = rows[0].id as EventId
  let attempt = 0
  // Nobody holds these leases: the attempts are recorded and the endpoint's health changes, but no delivery does.
  const next = () => leased({ eventId, endpointId, lease: 'none', attempt: ++attempt })
  const times = <T>(count: number, make: () => T) => Array.from({ length: count }, make)

  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async steps => {
      await client.query(
        `update outbox.endpoint_health set failures = 0, failing_since = null, probe_at = null, probes = 0,
                                           probing = false, slow_start_limit = null`,
      )
      let expected = healthy
      for (const step of steps) {
        if (step === 'claim') {
          await client.query('update outbox.endpoint_health set probing = true where probe_at is not null')
          expected = { ...expected, probing: expected.open }
          continue
        }
        const before = await read(client)
        await store.settleIfLeased([
          ...times(step.successes, () => success(next())),
          ...times(step.failures, () => failure(next(), { retryInSeconds: 1 })),
          ...times(step.uncounted, () => failure(next(), { retryInSeconds: 1, countsAsAttempt: false })),
        ])
        if (step.successes + step.failures + step.uncounted === 0) continue
        const after = await read(client)
        const model = settled(expected, step)
        expect(after.health).toEqual(model.health)
        if (model.wait === null) expect(after.probeAt).toBe(model.health.open ? before.probeAt : null)
        else expectWait(after.probeAt! - before.now, model.wait, after.now - before.now)
        expected = model.health
      }
    }),
    { numRuns: 60 },
  )
})

/** `passed`: the statement's own clock lies somewhere within so many seconds from the beginning. */
function expectWait(seconds: number, planned: number, passed: number): void {
  expect(seconds).toBeGreaterThanOrEqual(planned * (1 - jitter))
  expect(seconds).toBeLessThanOrEqual(planned * (1 + jitter) + passed)
}

async function read(client: pg.Client): Promise<{ health: Health; probeAt: number | null; now: number }> {
  const { rows } = await client.query(
    `select failures, probe_at is not null as open, probing, probes as "failedProbes", slow_start_limit as "slowStart",
            extract(epoch from probe_at)::float8 as "probeAt", extract(epoch from clock_timestamp())::float8 as now
     from outbox.endpoint_health`,
  )
  const { probeAt, now, ...health } = rows[0]
  return { health, probeAt, now }
}
