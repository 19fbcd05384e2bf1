// The look of a listener that sleeps: when is the next thing due? What it does not see is sent no earlier than at the next look.
import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import { nextDue } from '../../drizzle/queries.gen.ts'
import { runOn } from '../../worker/database.ts'
import { freshDatabase } from '../support/database.ts'
import { addEndpoint, emit, emitAtOnce, giveRows, greedy, storeOn } from '../support/outbox.ts'

const dueIn = async (client: pg.Client, maintains = true) =>
  (await nextDue(runOn(client), { maintains })).dueIn

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

describe('where events of a key keep their order', () => {
  async function ordered(keys: (n: number) => string | null) {
    const all = await scene()
    await all.client.query(`update outbox.endpoints set ordering = 'key'`)
    await emit(all.client, 4, { key: keys as never })
    await all.store.take(greedy('nobody:1', { leaseLimit: 0 }))
    await giveRows(all.client)
    return all
  }
  /** The oldest waits for its retry; the others have been due since they were written. */
  const delayOldest = (client: pg.Client) =>
    client.query(`update outbox.delivery_rows set due_at = clock_timestamp() + interval '1 hour'
                  where event_id = (select min(event_id) from outbox.delivery_rows)`)

  test('what waits behind a retry of its key is due when that is', async () => {
    const { client } = await ordered(() => 'one')
    expect(await dueIn(client)).toBeLessThanOrEqual(0)
    await delayOldest(client)
    expect(await dueIn(client)).toBeCloseTo(hour, -2)
  })

  test.each([
    ['another key', (n: number) => `key ${n}`],
    ['no key', (n: number) => (n === 1 ? 'one' : null)],
  ])('what has %s is due now', async (_, keys) => {
    const { client } = await ordered(keys)
    await delayOldest(client)
    expect(await dueIn(client)).toBeLessThanOrEqual(0)
  })

  test('what waits behind a request of its key is due when the lease of that ends', async () => {
    const { client, store } = await ordered(() => 'one')
    expect((await store.claim(greedy('dead:1', { leaseSeconds: 600 }))).deliveries).toHaveLength(1)
    expect(await dueIn(client)).toBeCloseTo(600, -2)
  })

  test('of very many keys one behind another counts, which is too early and no harm', async () => {
    const { client } = await ordered(() => 'one')
    await delayOldest(client)
    await client.query(`insert into outbox.delivery_rows (endpoint_id, event_id, state, ordering_key, due_at)
      select id, 1000000 + n, 'pending', 'key ' || n, clock_timestamp() + interval '2 hours'
      from outbox.endpoints, generate_series(1, 1000) n`)
    expect(await dueIn(client)).toBeLessThanOrEqual(0)
  })
})

test('those of a paused endpoint wait for a person, and those of a deleted one are canceled now', async () => {
  const { client } = await waiting()
  await client.query(`update outbox.endpoints set state = 'paused'`)
  expect(await dueIn(client)).toBeNull()
  await client.query(
    `update outbox.endpoints set state = 'disabled', disabled_reason = 'manual', deleted_at = now()`,
  )
  expect(await dueIn(client)).toBeLessThanOrEqual(0)
  expect(await dueIn(client, false), 'of a sender that does not cancel them').toBeNull()
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
  expect(await dueIn(client, false), 'of a sender that does not carry it on').toBeNull()
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
