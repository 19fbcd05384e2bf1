// Partitions: they are made ahead, events are led from one into the next, and one whose time is over goes as a whole, but for
// what is still to be sent or is dead. Time passes by setting the partitions' times back.
import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import type { Retention } from '../../delivery/retention.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import { runOn } from '../../worker/database.ts'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import {
  addEndpoint,
  deliveryStates,
  emitAtOnce,
  greedy,
  startTestListener,
  storeOn,
} from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'
import { failure, success } from '../support/settlements.ts'

const day = 86_400
const retention: Retention = { days: 30, kept: [] }
const width = 2n ** 32n

describe('new events', () => {
  test('go into the next partition once theirs is old enough, and ids go on from its first', async () => {
    const { client, store } = await scene()
    await emitAtOnce(client, 3)
    expect(await store.keepPartitions(day)).toEqual({ ahead: 4, opened: false })
    await pass(client, 2)
    expect(await store.keepPartitions(day)).toMatchObject({ opened: true })
    await emitAtOnce(client, 2)
    expect(await eventIds(client)).toEqual([1n, 2n, 3n, width, width + 1n])
    expect(await store.keepPartitions(day)).toEqual({ ahead: 4, opened: false })
  })

  test('stay in theirs, however old it is, while it has none', async () => {
    const { client, store } = await scene()
    await pass(client, 400)
    expect(await store.keepPartitions(day)).toMatchObject({ opened: false })
  })

  test('that fill a partition go on into the next, and nothing is lost or refused', async () => {
    const { client, store } = await scene()
    await client.query(`select setval('outbox.events_id_seq', $1)`, [width - 2n])
    await emitAtOnce(client, 3)
    expect(await eventIds(client)).toEqual([width - 1n, width, width + 1n])
    expect(await store.keepPartitions(day)).toMatchObject({ opened: true })
    expect(await store.keepPartitions(day)).toEqual({ ahead: 4, opened: false })
    const { deliveries } = await store.take(greedy('a:1'))
    expect(deliveries).toHaveLength(3)
  })

  test('are counted one by one across partitions', async () => {
    const { client, store } = await scene()
    await emitAtOnce(client, 5)
    const before = await gauge(client, 'outbox_events_captured_total')
    await pass(client, 2)
    await store.keepPartitions(day)
    const between = await gauge(client, 'outbox_events_captured_total')
    await emitAtOnce(client, 7)
    expect(before).toBe(5)
    expect(between - before).toBeLessThanOrEqual(100)
    expect(await gauge(client, 'outbox_events_captured_total')).toBe(between + 7)
  })
})

describe('too few partitions ahead', () => {
  test('fail the self-check until they are made', async () => {
    const { client, store } = await scene()
    expect(await check(client)).toMatchObject({ healthy: true, value: 4 })
    await client.query(`delete from outbox.partitions where first_id > $1`, [width])
    for (const parent of ['events', 'delivered_at_once', 'attempt_rows'])
      for (const n of [2, 3, 4]) await client.query(`drop table outbox.${parent}_${n}_0`)
    expect(await check(client)).toMatchObject({ healthy: false, value: 1 })
    await store.keepPartitions(day)
    expect(await check(client)).toMatchObject({ healthy: true, value: 4 })
  })
})

describe('a partition past the retention time', () => {
  test('goes as a whole, with deliveries and attempts; a younger one stays', async () => {
    const { client, store } = await scene()
    await deliver(client, store, 10)
    await nextPartition(client, store)
    await deliver(client, store, 4)
    await nextPartition(client, store)
    await pass(client, 29.5)
    await expire(store)
    expect(await eventIds(client)).toEqual([width, width + 1n, width + 2n, width + 3n])
    expect(await deliveryStates(client)).toEqual({ delivered: 4 })
    expect(await count(client, 'outbox.attempts')).toBe(4)
    await pass(client, 1)
    await expire(store)
    expect(await eventIds(client)).toEqual([])
    expect(await deliveryStates(client)).toEqual({})
  })

  test('takes the numbers of its deliveries with it, and later numbers go on', async () => {
    const { client, store, endpoint } = await scene()
    await emitAtOnce(client, 3)
    const first = await store.take(greedy('a:1'))
    await store.number(first.deliveries)
    await store.settleIfLeased(first.deliveries.map(success))
    await nextPartition(client, store)
    await pass(client, 31)
    await expire(store)
    expect(await count(client, 'outbox.delivery_numbers')).toBe(0)
    await emitAtOnce(client, 1)
    const { deliveries } = await store.take(greedy('a:2'))
    expect(await store.number(deliveries)).toMatchObject([{ endpointId: endpoint.id, sequence: 4n }])
  })

  test('keeps what waits, is on its way, is dead or is not fanned out, with all that was recorded of it', async () => {
    const { client, store, endpoint, other } = await scene()
    await emitAtOnce(client, 40, 'both.happened')
    const { deliveries } = await store.take(greedy('a:1'))
    const [dead, pending, canceled] = deliveries.filter(d => d.endpointId === endpoint.id)
    const [onItsWay] = deliveries.filter(d => d.endpointId === other.id && d.eventId === '7')
    const troubled = [dead!, pending!, canceled!, onItsWay!]
    await store.settleIfLeased(deliveries.filter(d => !troubled.includes(d)).map(success))
    await store.settleIfLeased([
      failure(dead!, { state: 'dead', retryInSeconds: null, status: 500, error: 'bad_status' }),
      failure(pending!, { retryInSeconds: 0, status: 503, error: 'bad_status' }),
      failure(canceled!, { retryInSeconds: 3600 }),
    ])
    await client.query(
      `update outbox.delivery_rows set state = 'canceled', reason = 'test', finished_at = now() where event_id = $1`,
      [canceled!.eventId],
    )
    await emitAtOnce(client, 1) // not fanned out
    const shown = () => client.query('select * from outbox.explain($1)', [dead!.webhookId])
    const explained = (await shown()).rows
    await nextPartition(client, store)
    await pass(client, 31)
    await expire(store)
    expect(await eventIds(client)).toEqual([1n, 2n, 7n, 41n])
    expect(await count(client, `outbox.attempts where event_id in (1, 2)`)).toBe(4)
    expect(await count(client, `outbox.attempts where event_id in (3, 4)`)).toBe(0)
    expect(await count(client, `outbox.delivery_rows where state = 'canceled'`)).toBe(0)
    expect((await shown()).rows).toEqual(explained)

    // And all of it goes on.
    await store.settleIfLeased([success(onItsWay!)])
    const again = await queries.redeliverDelivery(runOn(client), redelivery(dead!))
    expect(again).toMatchObject({ state: 'dead' })
    const { deliveries: late } = await store.take(greedy('a:2'))
    expect(late.map(d => [d.eventId, d.attempt]).sort()).toEqual([
      ['1', 2],
      ['2', 2],
      ['41', 1],
    ])
    await store.settleIfLeased(late.map(success))
    expect(await deliveryStates(client)).toEqual({ delivered: 7 })
    await pass(client, 5)
    await expire(store)
    expect(await eventIds(client)).toEqual([])
    expect(await count(client, 'outbox.delivery_rows')).toBe(0)
    expect(await count(client, 'outbox.attempts')).toBe(0)
  })

  test('stays as it is while more than half of it has to stay', async () => {
    const { client, store } = await scene()
    await emitAtOnce(client, 10)
    const { deliveries } = await store.take(greedy('a:1'))
    await store.settleIfLeased(deliveries.slice(0, 4).map(success))
    await store.settleIfLeased(
      deliveries.slice(4).map(d => failure(d, { state: 'dead', retryInSeconds: null })),
    )
    await nextPartition(client, store)
    await pass(client, 31)
    await expire(store)
    expect(await eventIds(client)).toHaveLength(10)
    await client.query(
      `update outbox.endpoints set state = 'disabled', disabled_reason = 'manual', deleted_at = now()`,
    )
    await pass(client, 5)
    await expire(store)
    expect(await eventIds(client), 'what is dead for a deleted endpoint need not stay').toEqual([])
    expect(await count(client, 'outbox.delivery_rows')).toBe(0)
  })

  test('keeps the types that are kept for longer, and lets go of them in their time', async () => {
    const { client, store } = await scene()
    await deliver(client, store, 3, 'order.paid')
    await deliver(client, store, 5, 'page.seen')
    await nextPartition(client, store)
    const perType = { days: 30, kept: [{ type: 'order.*', days: 90 }] }
    await pass(client, 31)
    await expire(store, perType)
    expect(await eventIds(client)).toEqual([1n, 2n, 3n])
    expect(await deliveryStates(client)).toEqual({ delivered: 3 })
    await pass(client, 70)
    await expire(store, perType)
    expect(await eventIds(client)).toEqual([])
  })

  test('stays while a transaction may still write one of its events, and then keeps that', async () => {
    const { db, client, store } = await scene()
    await deliver(client, store, 5)
    const late = await db.connect()
    await late.query('begin')
    await emitAtOnce(late, 1)
    await nextPartition(client, store)
    await pass(client, 31)
    expect(await tryToExpire(store)).toBe('wait')
    expect(await eventIds(client)).toHaveLength(5)
    await late.query('commit')
    await expire(store)
    expect(await eventIds(client)).toEqual([6n])
    expect((await store.take(greedy('a:2'))).deliveries.map(d => d.eventId)).toEqual(['6'])
  })

  test('is not let go while a replay may bring its events back', async () => {
    const { client, store, endpoint } = await scene()
    await deliver(client, store, 5)
    await nextPartition(client, store)
    await client.query(
      `insert into outbox.replays (endpoint_id, since, until, scope, rate_per_second)
       values ($1, now() - interval '1 year', now(), 'all', 10)`,
      [endpoint.id],
    )
    await pass(client, 31)
    await expire(store)
    expect(await eventIds(client)).toHaveLength(5)
    await client.query(`update outbox.replays set state = 'done', finished_at = now()`)
    await expire(store)
    expect(await eventIds(client)).toEqual([])
  })

  test('has nothing begun again that is over, from the first step on', async () => {
    const { client, store, endpoint } = await scene()
    await emitAtOnce(client, 5)
    const { deliveries } = await store.take(greedy('a:1'))
    const [dead, delivered] = deliveries
    await store.settleIfLeased(deliveries.slice(1).map(success))
    await store.settleIfLeased([failure(dead!, { state: 'dead', retryInSeconds: null })])
    await nextPartition(client, store)
    await pass(client, 31)
    expect(await store.expire(retention)).toBe('go on')
    await client.query(
      `insert into outbox.replays (endpoint_id, since, until, scope, rate_per_second, stepped_at)
       values ($1, now() - interval '1 year', now(), 'all', 10, now() - interval '1 minute')`,
      [endpoint.id],
    )
    expect(await store.stepReplay(1_000)).toMatchObject({ replayed: 1 })
    expect(await queries.redeliverDelivery(runOn(client), redelivery(delivered!))).toBeUndefined()
    await expire(store)
    expect((await store.take(greedy('a:2'))).deliveries.map(d => d.eventId)).toEqual([dead!.eventId])
  })

  test('gives up after a twentieth of a second when its place is in use, so writers wait no longer', async () => {
    const { db, client, store } = await scene()
    await deliver(client, store, 5)
    await nextPartition(client, store)
    await pass(client, 31)
    const reader = await db.connect()
    await reader.query('begin')
    await reader.query('select count(*) from outbox.events')
    const writer = await db.connect()
    let longest = 0
    for (let i = 0; i < 20; i++) {
      const trying = store.expire(retention)
      const begun = performance.now()
      await emitAtOnce(writer, 1)
      longest = Math.max(longest, performance.now() - begun)
      await trying
    }
    expect(await eventIds(client)).toHaveLength(25)
    expect(longest).toBeLessThan(500)
    await reader.query('commit')
    await expire(store)
    expect(await eventIds(client)).toHaveLength(20)
  })
})

test('sixty days of events: after thirty the tables and partitions no longer grow', async () => {
  const { client, store } = await scene()
  const sizes: { bytes: number; partitions: number; rows: number }[] = []
  for (let period = 0; period < 16; period++) {
    await deliver(client, store, 400)
    await pass(client, 3.8)
    await store.keepPartitions(3.75 * day)
    await expire(store)
    sizes.push({
      bytes: await gauge(client, 'outbox_storage_bytes', 'events', 'deliveries', 'attempts'),
      partitions: await count(client, 'outbox.partitions'),
      rows: await count(client, 'outbox.events'),
    })
  }
  const [atThirty, atSixty] = [sizes[9]!, sizes[15]!]
  expect(atSixty.rows).toBe(atThirty.rows)
  expect(atSixty.partitions).toBe(atThirty.partitions)
  expect(atSixty.partitions).toBeLessThanOrEqual(15)
  expect(Math.abs(atSixty.bytes - atThirty.bytes)).toBeLessThan(atThirty.bytes / 20)
})

test('under full load a partition goes and the next is opened, and every event is delivered once', async () => {
  const { db, client, store, receiver } = await scene()
  await deliver(client, store, 500)
  await nextPartition(client, store)
  await startTestListener(db.url)
  const writers = await Promise.all([db.connect(), db.connect(), db.connect()])
  const waits: number[] = []
  let writing = true
  const written = Promise.all(
    writers.map(async writer => {
      while (writing) {
        const begun = performance.now()
        await emitAtOnce(writer, 1)
        waits.push(performance.now() - begun)
      }
    }),
  )
  await receiver.waitFor(100)
  await pass(client, 31)
  await expire(store)
  expect(await count(client, 'outbox.events where id <= 500')).toBe(0)
  await pass(client, 4)
  await store.keepPartitions(day)
  const sent = receiver.requests.length
  await receiver.waitFor(sent + 100)
  writing = false
  await written
  await eventually(async () => (await deliveryStates(client)).delivered === waits.length)
  expect(Math.max(...waits)).toBeLessThan(1_000)
})

test('a listener makes partitions, and lets go of events only with a retention setting', async () => {
  const { db, client, store } = await scene()
  await deliver(client, store, 3)
  await nextPartition(client, store)
  await client.query(`delete from outbox.partitions where first_id = $1`, [4n * width])
  for (const parent of ['events', 'delivered_at_once', 'attempt_rows'])
    await client.query(`drop table outbox.${parent}_4_0`)
  await pass(client, 400)
  const keeping = await startTestListener(db.url)
  await eventually(
    async () => (await count(client, 'outbox.partitions where opened_at is null')) === 4,
    inTime,
  )
  await keeping.stop()
  expect(await eventIds(client)).toHaveLength(3)
  await startTestListener(db.url, { OUTBOX_RETENTION_DAYS: '30' })
  await eventually(async () => (await eventIds(client)).length === 0, inTime)
})
/** Several steps, each of which waits for what others do. */
const inTime = { timeoutMs: 50_000 }

type Store = ReturnType<typeof storeOn>

async function scene() {
  const db = await freshDatabase()
  const client = await db.connect()
  const receiver = await startReceiver()
  const endpoint = await addEndpoint(client, { url: receiver.url, max_in_flight: 1000 })
  const other = await addEndpoint(client, { url: receiver.url, event_types: ['both.*'], max_in_flight: 1000 })
  return { db, client, store: storeOn(client), endpoint, other, receiver }
}

/** So many days later. */
const pass = (client: pg.Client, days: number) =>
  client.query(
    `with past as (update outbox.events set occurred_at = occurred_at - $1 * interval '1 day' where occurred_at > now() - interval '200 days')
     update outbox.partitions
     set opened_at = opened_at - $1 * interval '1 day', closed_at = closed_at - $1 * interval '1 day',
         reduced_at = reduced_at - $1 * interval '1 day'`,
    [days],
  )

async function nextPartition(client: pg.Client, store: Store): Promise<void> {
  await pass(client, 1)
  expect(await store.keepPartitions(day / 2)).toMatchObject({ opened: true })
}

/** Until something is in the way, or all is done. */
async function tryToExpire(store: Store, of = retention): Promise<string> {
  for (;;) {
    const next = await store.expire(of)
    if (next !== 'go on') return next
  }
}

/** Until all is done. Transactions in other databases of the server may be in the way for a while. */
const expire = (store: Store, of = retention) =>
  eventually(async () => (await tryToExpire(store, of)) === 'done')

/** Emits events, each delivered by its first attempt. */
async function deliver(client: pg.Client, store: Store, events: number, type?: string): Promise<void> {
  await emitAtOnce(client, events, type)
  const { deliveries } = await store.take(greedy('a:1'))
  await store.settleIfLeased(deliveries.map(success))
}

const redelivery = ({ eventId, endpointId }: { eventId: string; endpointId: string }) => ({
  eventId: BigInt(eventId),
  endpointId: BigInt(endpointId),
  tenant: null,
  actor: 'test',
  requestId: 'test',
})

async function eventIds(client: pg.Client): Promise<bigint[]> {
  const { rows } = await client.query('select id from outbox.events order by id')
  return rows.map(row => BigInt(row.id))
}

async function count(client: pg.Client, from: string): Promise<number> {
  return (await client.query(`select count(*)::int as n from ${from}`)).rows[0].n
}

async function gauge(client: pg.Client, name: string, ...labels: string[]): Promise<number> {
  const rows = await queries.gauges(runOn(client), { maxCounted: 1_000, maxEndpoints: 0 })
  const wanted = rows.filter(row => row.name === name && (labels.length === 0 || labels.includes(row.label!)))
  expect(wanted).toHaveLength(Math.max(1, labels.length))
  return wanted.reduce((sum, { value }) => sum + value, 0)
}

async function check(client: pg.Client) {
  return (await queries.captureHealth(runOn(client))).find(({ name }) => name === 'partitions_ahead')
}
