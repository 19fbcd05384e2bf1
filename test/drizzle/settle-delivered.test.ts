// settle_delivered.sql against settle.sql: for a batch of successes both write and answer the same, whoever holds the leases
// and however the endpoints are doing. And each batch takes the statement that is meant for it.
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { doubtSeconds, failuresToOpen, probeSchedule, slowStartLimit } from '../../delivery/breaker.ts'
import type { EndpointId, EventId, Settlement } from '../../delivery/types.ts'
import { jitter } from '../../delivery/wait.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import type { Run } from '../../drizzle/run.ts'
import { createStore } from '../../drizzle/store.ts'
import { runOn } from '../../worker/database.ts'
import { leased } from '../support/attempts.ts'
import { freshDatabase } from '../support/database.ts'
import { addEndpoint, emit, greedy, storeOn } from '../support/outbox.ts'
import { success } from '../support/settlements.ts'

const now = 1_000
const events = 4

/** What may have become of a delivery that was leased as `a:1` for this attempt. */
const fatesAt = (attempt: number) => ({
  held: `state = 'sending', attempt = ${attempt}, lease = 'a:1', leased_until = clock_timestamp()`,
  rescued: `state = 'pending', attempt = ${attempt}`,
  'leased again': `state = 'sending', attempt = ${attempt + 1}, lease = 'b:1', leased_until = clock_timestamp()`,
  'settled already': `state = 'delivered', attempt = ${attempt}, finished_at = clock_timestamp()`,
})
const healths = {
  healthy: 'failures = 0',
  paused: `not_before = clock_timestamp() + interval '1 minute'`,
  failing: 'failures = 1, failing_since = clock_timestamp()',
  probing: `failures = 9, failing_since = clock_timestamp(), probe_at = clock_timestamp(), probing = true`,
  open: `failures = 9, failing_since = clock_timestamp(), probe_at = clock_timestamp()`,
  'starting slowly': 'slow_start_limit = 4',
}
type Fate = keyof ReturnType<typeof fatesAt>
type Health = keyof typeof healths
const namesOf = <Name extends string>(record: Record<Name, unknown>) =>
  fc.constantFrom(...(Object.keys(record) as Name[]))

interface Scene {
  /** Two endpoints; the second wants the order of keys. */
  endpoints: { health: Health; deliveries: Fate[] }[]
  /** Their number. */
  attempt: number
  /** Another event of the same key waits for each delivery of the second. */
  isBlocking: boolean
}
const scenes: fc.Arbitrary<Scene> = fc.record({
  endpoints: fc.array(
    fc.record({
      health: fc.oneof(
        { weight: 3, arbitrary: fc.constant<Health>('healthy') },
        { weight: 1, arbitrary: namesOf(healths) },
      ),
      deliveries: fc.array(namesOf(fatesAt(1)), { minLength: events, maxLength: events }),
    }),
    { minLength: 2, maxLength: 2 },
  ),
  attempt: fc.constantFrom(1, 2),
  isBlocking: fc.boolean(),
})

let client: Awaited<ReturnType<Awaited<ReturnType<typeof freshDatabase>>['connect']>>
let endpointIds: EndpointId[]
let eventIds: EventId[]
let ran: string[]
let run: Run

beforeAll(async () => {
  client = await (await freshDatabase()).connect()
  const first = await addEndpoint(client, { url: 'https://a.example', event_types: ['test.a'] })
  const second = await addEndpoint(client, {
    url: 'https://b.example',
    event_types: ['test.b'],
    ordering: 'key',
  })
  endpointIds = [first.id, second.id]
  await emit(client, events, { type: 'test.a' })
  await emit(client, events, { type: 'test.b', key: n => `k${n}` })
  await emit(client, events, { type: 'test.b', key: n => `k${n}` })
  await storeOn(client).take(greedy('setup:1', { leaseLimit: 0 }))
  eventIds = (await client.query('select e.id::text from outbox.events e order by e.id')).rows.map(
    row => row.id,
  )
  run = (statement, parameters) => {
    ran.push(statement.name)
    return runOn(client)(statement, parameters)
  }
})

test('for any batch of successes both statements write the same and answer the same', async () => {
  const taken = new Set<string>()
  await fc.assert(
    fc.asyncProperty(scenes, async scene => {
      const batch = await prepare(scene)
      const chosen = await undone(() => storeOf().settleIfLeased(batch))
      taken.add(ran.join())
      expect(chosen).toEqual(await undone(() => settleLong(batch)))
      await client.query('rollback')
    }),
    { numRuns: 150 },
  )
  // It would prove little if the short statement never did the work.
  expect([...taken].sort()).toEqual(['settle_delivered', 'settle_delivered,settle'])
})

test('successes at healthy endpoints take the short statement alone', async () => {
  const batch = await prepare(all('healthy'))
  const { answer } = await undone(() => storeOf().settleIfLeased(batch))
  expect(answer).toEqual({ lost: [], unblocked: true })
  expect(ran).toEqual(['settle_delivered'])
  await client.query('rollback')
})

test('a failure among them takes the long one alone', async () => {
  const batch = await prepare(all('healthy'))
  const mixed = [
    ...batch.slice(1),
    { ...batch[0]!, state: 'pending' as const, retryInSeconds: 1, error: 'timeout' as const },
  ]
  await undone(() => storeOf().settleIfLeased(mixed))
  expect(ran).toEqual(['settle'])
  await client.query('rollback')
})

test.each(['failing', 'probing', 'open', 'starting slowly'] as const)(
  'a success at an endpoint that is %s is written to its health',
  async health => {
    const batch = await prepare(all(health))
    const { written } = await undone(() => storeOf().settleIfLeased(batch))
    expect(ran).toEqual(['settle_delivered', 'settle'])
    expect(written.health).toMatchObject([
      { failures: 0, probing: false, is_open: false },
      { failures: 0, probing: false, is_open: false },
    ])
    expect(written.health[0].slow_start_limit).not.toBe(4)
    await client.query('rollback')
  },
)

const all = (health: Health): Scene => ({
  endpoints: endpointIds.map(() => ({ health, deliveries: Array.from({ length: events }, () => 'held') })),
  attempt: 1,
  isBlocking: true,
})

/** Begins a transaction, which the test rolls back. */
async function prepare({ endpoints, attempt, isBlocking }: Scene): Promise<Settlement[]> {
  // One that a failed test has left open.
  await client.query('rollback')
  await client.query('begin')
  const batch: Settlement[] = []
  for (const [i, { health, deliveries }] of endpoints.entries()) {
    const endpointId = endpointIds[i]!
    await client.query(`update outbox.endpoint_health set ${healths[health]} where endpoint_id = $1`, [
      endpointId,
    ])
    for (const [n, fate] of deliveries.entries()) {
      const eventId = eventIds[i * events + n]!
      const key = [endpointId, eventId]
      await client.query(
        `update outbox.delivery_rows set ${fatesAt(attempt)[fate]} where endpoint_id = $1 and event_id = $2`,
        key,
      )
      if (fate !== 'held')
        await client.query(
          `insert into outbox.attempt_rows (endpoint_id, event_id, number, sender, started_at, error)
           values ($1, $2, $4, 'listener', clock_timestamp(), $3)`,
          [...key, fate === 'settled already' ? null : 'interrupted', attempt],
        )
      batch.push(success(leased({ endpointId, eventId, lease: 'a:1', attempt })))
    }
  }
  if (!isBlocking)
    await client.query('delete from outbox.delivery_rows where event_id = any ($1)', [
      eventIds.slice(2 * events),
    ])
  return batch
}

/** What it answers and what is written afterwards, both before it is undone. */
async function undone(settle: () => Promise<queries.SettleRow>) {
  ran = []
  await client.query('savepoint before')
  const { lost, ...rest } = await settle()
  // In whatever order.
  const answer = { ...rest, lost: lost.toSorted((a, b) => Number(a.eventId) - Number(b.eventId)) }
  const written = await read()
  await client.query('rollback to before')
  return { answer, written }
}

/** Everything, and of times that a statement sets, whether they are set. */
async function read() {
  const deliveries = await client.query(
    `select endpoint_id, event_id, state, attempt, retry_base, case when state = 'pending' then due_at end, lease, leased_until is null as unleased, reason,
            finished_at is null as open
     from outbox.deliveries order by endpoint_id, event_id`,
  )
  const attempts = await client.query(
    `select endpoint_id, event_id, number, sender, duration_ms, response_status, error, response_body,
            extract(epoch from clock_timestamp() - started_at) between 0.9 and 5 as began_a_second_ago
     from outbox.attempts order by endpoint_id, event_id, number`,
  )
  const health = await client.query(
    `select endpoint_id, failures, early_failures, failing_since, not_before, probe_at is not null as is_open, probes, probing,
            nearest_event_id, tries_needed, relapses, doubted_at is not null as in_doubt, slow_start_limit
     from outbox.endpoint_health order by endpoint_id`,
  )
  return { deliveries: deliveries.rows, attempts: attempts.rows, health: health.rows }
}

const storeOf = () => createStore(run, { sender: 'listener', clock: () => now, disableAfterSeconds: 86_400 })

const settleLong = (settlements: readonly Settlement[]) =>
  queries.settle(run, {
    sender: 'listener',
    settlements,
    now,
    disableAfterSeconds: 86_400,
    failuresToOpen,
    probeSchedule,
    jitter,
    slowStartLimit,
    doubtSeconds,
    settled: [],
  })
