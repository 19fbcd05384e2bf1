// Retention deletes old events of which nothing is still to be sent, in small steps, and nothing else.
import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { addEndpoint, emitAtOnce, giveRows, greedy, startTestListener, storeOn } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'
import { success } from '../support/settlements.ts'

describe('an event older than the retention', () => {
  test('is deleted with its deliveries and attempts, unless a delivery is pending, sending or dead; younger ones stay', async () => {
    const { client, store } = await scene()
    await emitAtOnce(client, 10)
    await fanOut(client)
    const kept = { 2: 'pending', 3: 'sending', 4: 'dead' }
    await finish(client, kept)
    await emitAtOnce(client, 1) // 11: not fanned out
    await age(client)
    await emitAtOnce(client, 1) // 12: young
    await fanOut(client, 12)
    await finish(client, { ...kept, 11: 'not yet fanned out' })
    expect(await store.purge(30, 1_000, 0n)).toEqual({ purged: 7, lookedTo: null })
    expect(await ids(client, 'select id from outbox.events')).toEqual([2, 3, 4, 11, 12])
    expect(await ids(client, 'select event_id as id from outbox.deliveries')).toEqual([2, 3, 4, 12])
    expect(await ids(client, 'select event_id as id from outbox.attempts')).toEqual([2, 3, 4, 12])
  })

  test('is deleted too when its webhooks were delivered at once, and stays while one is on its way', async () => {
    const { db, client, store } = await scene()
    await emitAtOnce(client, 6)
    const { deliveries } = await store.take(greedy('a:1'))
    await store.settleIfLeased(deliveries.slice(0, 4).map(success))
    await age(client)
    const person = await db.connect()
    await person.query('begin')
    await person.query('select from outbox.delivered_at_once where event_id = 1 for key share')
    expect(await store.purge(30, 1_000, 0n)).toEqual({ purged: 3, lookedTo: null })
    await person.query('commit')
    expect(await ids(client, 'select id from outbox.events')).toEqual([1, 5, 6])
    await store.settleIfLeased(deliveries.slice(4).map(success))
    expect(await store.purge(30, 1_000, 0n)).toEqual({ purged: 3, lookedTo: null })
    expect(await ids(client, 'select event_id as id from outbox.deliveries')).toEqual([])
  })

  test('is reached in steps, past events that have to stay', async () => {
    const { client, store } = await scene()
    await emitAtOnce(client, 25)
    await fanOut(client)
    await finish(client, Object.fromEntries(Array.from({ length: 12 }, (_, i) => [i + 1, 'dead'])))
    await age(client)
    expect(await store.purge(30, 10, 0n)).toEqual({ purged: 0, lookedTo: 10n })
    expect(await store.purge(30, 10, 10n)).toEqual({ purged: 8, lookedTo: 20n })
    expect(await store.purge(30, 10, 20n)).toEqual({ purged: 5, lookedTo: null })
  })

  test('stays while a replay runs, and while a transaction holds one of its deliveries', async () => {
    const { db, client, store, endpoint } = await scene()
    await emitAtOnce(client, 2)
    await fanOut(client)
    await finish(client)
    await age(client)
    await client.query(
      `insert into outbox.replays (endpoint_id, since, until, scope, rate_per_second)
       values ($1, now() - interval '1 year', now(), 'all', 10)`,
      [endpoint.id],
    )
    expect(await store.purge(30, 1_000, 0n)).toEqual({ purged: 0, lookedTo: null })
    await client.query(`update outbox.replays set state = 'done', finished_at = now()`)
    const person = await db.connect()
    await person.query('begin')
    await person.query(
      `update outbox.delivery_rows set state = 'pending', finished_at = null where event_id = 1`,
    )
    expect(await store.purge(30, 1_000, 0n)).toEqual({ purged: 1, lookedTo: null })
    await person.query('commit')
    expect(await store.purge(30, 1_000, 0n)).toEqual({ purged: 0, lookedTo: null })
    expect(await ids(client, 'select id from outbox.events')).toEqual([1])
  })
})

test('a listener without a retention setting deletes nothing', async () => {
  const { db, client } = await scene()
  await emitAtOnce(client, 3)
  await fanOut(client)
  await finish(client)
  await age(client)
  const keeping = await startTestListener(db.url)
  await eventually(async () => (await fetch(`http://127.0.0.1:${keeping.healthPort}/readyz`)).ok)
  await keeping.stop()
  expect(await ids(client, 'select id from outbox.events')).toHaveLength(3)
  await startTestListener(db.url, { OUTBOX_RETENTION_DAYS: '30' })
  await eventually(async () => (await ids(client, 'select id from outbox.events')).length === 0)
})

async function scene() {
  const db = await freshDatabase()
  const client = await db.connect()
  const receiver = await startReceiver()
  const endpoint = await addEndpoint(client, { url: receiver.url })
  await addEndpoint(client, { url: receiver.url, event_types: ['other'] })
  return { db, client, store: storeOn(client), endpoint }
}

/** Fans all events out, or makes a delivery of this one only; each delivery has an attempt. */
async function fanOut(client: pg.Client, only?: number): Promise<void> {
  if (only === undefined) {
    await storeOn(client).take(greedy('a:1'))
    await giveRows(client)
  } else
    await client.query(
      `insert into outbox.delivery_rows (endpoint_id, event_id, state, attempt, lease, leased_until)
       values (1, $1, 'sending', 1, 'a:1', now())`,
      [only],
    )
  await client.query(
    `insert into outbox.attempt_rows (endpoint_id, event_id, number, sender, started_at)
     select endpoint_id, event_id, 1, 'listener', now() from outbox.deliveries on conflict do nothing`,
  )
}

/** All deliveries become delivered, except these. */
async function finish(client: pg.Client, others: Record<number, string> = {}): Promise<void> {
  const ids = Object.keys(others).map(Number)
  const are = (state: string) => ids.filter(id => others[id] === state)
  await client.query(
    `update outbox.delivery_rows set state = 'delivered', lease = null, leased_until = null, finished_at = now()
     where not event_id = any($1)`,
    [ids],
  )
  await client.query(
    `update outbox.delivery_rows set state = 'pending', lease = null, leased_until = null where event_id = any($1)`,
    [are('pending')],
  )
  await client.query(
    `update outbox.delivery_rows set state = 'dead', lease = null, leased_until = null, reason = 'gone', finished_at = now()
     where event_id = any($1)`,
    [are('dead')],
  )
}

const age = (client: pg.Client) =>
  client.query(`update outbox.events set occurred_at = occurred_at - interval '31 days'`)

async function ids(client: pg.Client, query: string): Promise<number[]> {
  const { rows } = await client.query(`${query} order by 1`)
  return rows.map(row => Number(row.id))
}
