// The look of a listener that sleeps: when is the next thing due? What it does not see is sent no earlier than at the next look.
import type pg from 'pg'
import { expect, test } from 'vitest'
import { nextDue } from '../../drizzle/queries.gen.ts'
import { runOn } from '../../worker/database.ts'
import { freshDatabase } from '../support/database.ts'
import { addEndpoint, emit, emitAtOnce, giveRows, greedy, storeOn } from '../support/outbox.ts'

const dueIn = async (client: pg.Client) => (await nextDue(runOn(client))).dueIn

async function scene() {
  const client = await (await freshDatabase()).connect()
  const { id } = await addEndpoint(client, { url: 'https://a.example' })
  return { client, id, store: storeOn(client) }
}

/** With deliveries that wait for their time, of which the first comes in an hour. */
async function waiting() {
  const all = await scene()
  await emitAtOnce(all.client, 3)
  await all.store.take(greedy('nobody:1', { leaseLimit: 0 }))
  await all.client.query(`update outbox.delivery_rows set due_at = clock_timestamp() + interval '1 hour' * event_id
    / (select min(event_id) from outbox.delivery_rows)`)
  return all
}

const hour = 3_600

test('nothing waits where everything has been sent', async () => {
  const { client } = await scene()
  expect(await dueIn(client)).toBeNull()
})

test('a new event is due now', async () => {
  const { client } = await scene()
  await emit(client)
  expect(await dueIn(client)).toBeLessThanOrEqual(0)
})

test('of deliveries that wait the first counts', async () => {
  const { client } = await waiting()
  expect(await dueIn(client)).toBeCloseTo(hour, -2)
})

test.each([
  ['an open breaker', 'probe_at'],
  ['a receiver that has asked for a pause', 'not_before'],
  ['a rate limit', 'next_slot_at'],
])('behind %s they are due when that lets one through', async (_, column) => {
  const { client, id } = await waiting()
  await client.query(
    `insert into outbox.endpoint_health (endpoint_id, ${column}) values ($1, clock_timestamp() + interval '2 hours')
     on conflict (endpoint_id) do update set ${column} = excluded.${column}`,
    [id],
  )
  expect(await dueIn(client)).toBeCloseTo(2 * hour, -2)
})

test('those of a paused endpoint wait for a person, and those of a deleted one are canceled now', async () => {
  const { client } = await waiting()
  await client.query(`update outbox.endpoints set state = 'paused'`)
  expect(await dueIn(client)).toBeNull()
  await client.query(
    `update outbox.endpoints set state = 'disabled', disabled_reason = 'manual', deleted_at = now()`,
  )
  expect(await dueIn(client)).toBeLessThanOrEqual(0)
})

test.each([
  ['in a group', async () => {}],
  ['with a row of its own', giveRows],
])('the lease of a dead sender is due when it ends: %s', async (_, prepare) => {
  const { client, store } = await scene()
  await emit(client)
  await store.take(greedy('dead:1', { leaseSeconds: 600 }))
  await prepare(client)
  expect(await dueIn(client)).toBeCloseTo(600, -2)
})

test('a replay that runs is due now', async () => {
  const { client, id } = await scene()
  await client.query(
    `insert into outbox.replays (endpoint_id, since, until, scope, rate_per_second)
     values ($1, now() - interval '1 day', now(), 'all', 100)`,
    [id],
  )
  expect(await dueIn(client)).toBeLessThanOrEqual(0)
})

test('an endpoint that nobody pulls is due when it is to be disabled', async () => {
  const { client } = await scene()
  const { id } = await addEndpoint(client, {
    url: 'https://pull.invalid/',
    kind: 'pull',
    expires_after_idle_seconds: 900,
  })
  await client.query(`insert into outbox.pull_sessions values ($1, 'a laptop', now(), now())`, [id])
  expect(await dueIn(client)).toBeCloseTo(900, -2)
})
