// A step of a replay that another sender overtook, between this one's snapshot and its lock: what it has read is old by then, so it
// does nothing, and the next step goes on where the other one stopped.
import type pg from 'pg'
import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { addEndpoint, emit, greedy, storeOn } from '../support/outbox.ts'
import { success } from '../support/settlements.ts'

/** Four events were delivered, and each step waits before it locks while `meanwhile` runs. */
async function scene() {
  const db = await freshDatabase()
  const client = await db.connect()
  const { id } = await addEndpoint(client, { url: 'https://a.example' })
  await emit(client, 4)
  const store = storeOn(client)
  const { deliveries } = await store.take(greedy('a:1'))
  await store.settleIfLeased(deliveries.map(success))
  await client.query(`
    alter function outbox.lock_replays rename to lock_replays_at_once;
    create function outbox.lock_replays(are_pinned boolean, max_rows integer) returns setof outbox.replays language plpgsql as $$
    begin
      perform pg_advisory_lock(42);
      perform pg_advisory_unlock(42);
      return query select * from outbox.lock_replays_at_once(are_pinned, max_rows);
    end $$`)
  const other = storeOn(await db.connect())
  async function overtake<T>(step: (sender: typeof other) => Promise<T>, meanwhile: () => Promise<unknown>) {
    await client.query('select pg_advisory_lock(42)')
    const overtaken = step(other)
    await eventually(async () => {
      const { rowCount } = await client.query(
        `select from pg_locks where locktype = 'advisory' and objid = 42 and not granted and database =
           (select oid from pg_database where datname = current_database())`,
      )
      return rowCount === 1
    })
    await meanwhile()
    await client.query('select pg_advisory_unlock(42)')
    return overtaken
  }
  const eventIds = deliveries.map(({ eventId }) => eventId)
  return { client, store, id, eventIds, overtake }
}

const waiting = async (client: pg.Client) =>
  (await client.query(`select count(*)::int as n from outbox.deliveries where state = 'pending'`)).rows[0].n

test('of a pinned replay: nothing is sent twice, and nothing is skipped', async () => {
  const { client, store, id, eventIds, overtake } = await scene()
  await client.query(
    `with replay as (
       insert into outbox.replays (since, until, scope, state, token_hash, expires_at, pinned, stepped_at)
       values (now(), now(), 'all', 'running', '\\x00', now() + interval '1 hour', 4, now() - interval '1 second') returning id)
     insert into outbox.replay_parts (replay_id, endpoint_id, event_ids) select id, $1, $2::bigint[] from replay`,
    [id, eventIds],
  )
  const answer = await overtake(
    sender => sender.stepParts(1_000),
    async () => {
      await client.query('begin')
      await client.query('update outbox.replay_parts set looked_to = 3')
      await client.query('update outbox.replays set stepped_at = clock_timestamp()')
      await client.query('commit')
    },
  )
  expect(answer).toEqual({ replayed: 0, running: true })
  expect((await client.query('select looked_to from outbox.replay_parts')).rows).toEqual([{ looked_to: 3 }])
  expect(await store.stepParts(1_000)).toEqual({ replayed: 1, running: false })
  expect(await waiting(client)).toBe(1)
})

test('of one that begins meanwhile: it waits for the next step', async () => {
  const { client, store, id, overtake } = await scene()
  const answer = await overtake(
    sender => sender.stepReplay(1_000),
    () =>
      client.query(
        `insert into outbox.replays (endpoint_id, since, until, scope, rate_per_second, stepped_at)
         values ($1, now() - interval '1 day', now() + interval '1 day', 'all', 1000, now() - interval '1 second')`,
        [id],
      ),
  )
  expect(answer).toEqual({ replayed: 0, running: true })
  expect(await waiting(client)).toBe(0)
  expect(await store.stepReplay(1_000)).toEqual({ replayed: 4, running: false })
})
