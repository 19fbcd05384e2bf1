// Step 5 on real Postgres: which endpoint gets which events, which sender gets which lease, and that no two get the same.
import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import { defaultRetrySchedule } from '../../delivery/retry.ts'
import { freshDatabase } from '../support/database.ts'
import { addEndpoint, deliveryStates, emit, emitAtOnce, greedy, storeOn } from '../support/outbox.ts'

describe('fan-out', () => {
  test('makes one delivery for each endpoint that wants the event, and leases it at once', async () => {
    const client = await database()
    const all = await addEndpoint(client, { url: 'https://all.example' })
    const some = await addEndpoint(client, { url: 'https://some.example', event_types: ['order.*'] })
    await addEndpoint(client, { url: 'https://none.example', event_types: ['orders', 'order', 'invoice.*'] })
    await emit(client, 1, { type: 'order.shipped' })
    const { deliveries } = await storeOn(client).take(greedy('a:1'))
    expect(deliveries.map(d => d.endpointId).sort()).toEqual([all.id, some.id].sort())
    expect(await deliveryStates(client)).toEqual({ sending: 2 })
  })

  test('gives an endpoint with a tenant only that tenant’s events, and one without all of them', async () => {
    const client = await database()
    const acme = await addEndpoint(client, { url: 'https://acme.example', tenant: 'acme' })
    const everyone = await addEndpoint(client, { url: 'https://everyone.example' })
    await client.query(
      `select outbox.emit('a.b', '{}', null, 'acme'), outbox.emit('a.b', '{}', null, 'other'), outbox.emit('a.b', '{}')`,
    )
    const { deliveries } = await storeOn(client).take(greedy('a:1'))
    expect(deliveries.filter(d => d.endpointId === acme.id)).toHaveLength(1)
    expect(deliveries.filter(d => d.endpointId === everyone.id)).toHaveLength(3)
  })

  test('gives a new endpoint every event that is committed after its creation, even by a transaction that began before', async () => {
    const { client, other } = await twoConnections()
    await emit(client, 1, { type: 'before.creation' })
    await other.query('begin')
    await other.query(`select outbox.emit('during.creation', '{}')`)
    await addEndpoint(client, { url: 'https://new.example' })
    await other.query('commit')
    await emit(client, 1, { type: 'after.creation' })
    const { deliveries } = await storeOn(client).take(greedy('a:1'))
    expect(deliveries.map(d => d.type)).toEqual(['during.creation', 'after.creation'])
  })

  test('makes no delivery for a disabled endpoint and a pending one for a paused endpoint', async () => {
    const client = await database()
    await addEndpoint(client, { url: 'https://off.example', state: 'disabled', disabled_reason: 'manual' })
    await addEndpoint(client, { url: 'https://paused.example', state: 'paused' })
    await emit(client)
    const { deliveries } = await storeOn(client).take(greedy('a:1'))
    expect(deliveries).toEqual([])
    expect(await deliveryStates(client)).toEqual({ pending: 1 })
  })

  test('happens once when two claimers race for the same events', async () => {
    const { client, other } = await twoConnections()
    await addEndpoint(client, { url: 'https://a.example' })
    await emitAtOnce(client, 2_000)
    const claims = await Promise.all([
      storeOn(client).take(greedy('a:1')),
      storeOn(other).take(greedy('b:1')),
    ])
    expect(claims.reduce((sum, { meta }) => sum + meta.fanned, 0)).toBe(2_000)
    const leased = claims.flatMap(({ deliveries }) => deliveries.map(d => d.publicId))
    expect(new Set(leased).size).toBe(leased.length)
    expect((await client.query('select count(*)::int as n from outbox.deliveries')).rows[0].n).toBe(2_000)
  })

  test('says which transactions may still commit lower ids, even the newest one, after which none has ended', async () => {
    const { client, other } = await twoConnections()
    await other.query('begin')
    const { rows } = await other.query('select pg_current_xact_id()::text as xid')
    const { meta } = await storeOn(client).take(greedy('a:1'))
    expect(meta.xmin).toBeLessThanOrEqual(BigInt(rows[0].xid))
    expect(meta.nextXid).toBeGreaterThan(BigInt(rows[0].xid))
  })

  test('that breaks off leaves nothing half done: the next one makes all ten deliveries', async () => {
    const client = await database()
    for (let n = 0; n < 10; n++) await addEndpoint(client, { url: `https://${n}.example` })
    await emit(client)
    await client.query('begin')
    expect((await storeOn(client).take(greedy('killed:1'))).deliveries).toHaveLength(10)
    await client.query('rollback')
    expect(await deliveryStates(client)).toEqual({})
    expect((await storeOn(client).take(greedy('a:1'))).deliveries.map(d => d.attempt)).toEqual(
      Array(10).fill(1),
    )
  })

  test('leaves deliveries beyond an endpoint’s capacity pending, in the table, unleased', async () => {
    const client = await database()
    const busy = await addEndpoint(client, { url: 'https://busy.example' })
    const free = await addEndpoint(client, { url: 'https://free.example' })
    await emitAtOnce(client, 10)
    const { deliveries, meta } = await storeOn(client).take(
      greedy('a:1', { capacities: new Map([[busy.id, { capacity: 3, held: 29 }]]) }),
    )
    expect(deliveries.filter(d => d.endpointId === busy.id)).toHaveLength(3)
    expect(deliveries.filter(d => d.endpointId === free.id)).toHaveLength(10)
    expect(meta.leftPending).toBe(7)
  })

  test('shares a small limit among the endpoints', async () => {
    const client = await database()
    for (const name of ['a', 'b', 'c', 'd']) await addEndpoint(client, { url: `https://${name}.example` })
    await emitAtOnce(client, 100)
    const { deliveries } = await storeOn(client).take(greedy('a:1', { leaseLimit: 40 }))
    const perEndpoint = Object.values(Object.groupBy(deliveries, d => d.endpointId)).map(d => d!.length)
    expect(perEndpoint).toEqual([10, 10, 10, 10])
  })

  test('for a lane that its receiver has paused waits, and says when the lane opens', async () => {
    const client = await database()
    await addEndpoint(client, { url: 'https://closed.example' })
    await client.query(`update outbox.endpoint_health set not_before = clock_timestamp() + interval '1 hour'`)
    await emit(client)
    const { deliveries, meta } = await storeOn(client).fanOut(greedy('a:1'))
    expect(deliveries).toEqual([])
    expect(meta).toMatchObject({ created: 1, leftPending: 1, leftCoordinated: 0 })
    expect(meta.nextOpenIn).toBeGreaterThan(3_590)
  })

  test('leaves deliveries that were waiting to the claim, and the claim leaves new events to the fan-out', async () => {
    const client = await database()
    await addEndpoint(client, { url: 'https://a.example' })
    await emit(client)
    const store = storeOn(client)
    expect((await store.claim(greedy('a:1'))).deliveries).toEqual([])
    await store.fanOut(greedy('a:2', { leaseLimit: 0 }))
    expect((await store.fanOut(greedy('a:3'))).deliveries).toEqual([])
    expect((await store.claim(greedy('a:4'))).deliveries).toHaveLength(1)
  })
})

describe('a lease', () => {
  test('belongs to one of two claimers that race for 4,000 pending deliveries', async () => {
    const { client, other } = await twoConnections()
    for (const name of ['a', 'b', 'c', 'd']) await addEndpoint(client, { url: `https://${name}.example` })
    await emitAtOnce(client, 1_000)
    await storeOn(client).take(greedy('nobody:1', { leaseLimit: 0 }))
    expect(await deliveryStates(client)).toEqual({ pending: 4_000 })
    const claimAll = async (connection: pg.Client, name: string) => {
      const got: string[] = []
      for (let n = 1; ; n++) {
        const { deliveries } = await storeOn(connection).take(greedy(`${name}:${n}`, { leaseLimit: 100 }))
        if (deliveries.length === 0) return got
        got.push(...deliveries.map(d => d.publicId))
      }
    }
    const [a, b] = await Promise.all([claimAll(client, 'a'), claimAll(other, 'b')])
    expect(new Set([...a, ...b]).size).toBe(4_000)
    expect(a.length + b.length).toBe(4_000)
    expect(Math.min(a.length, b.length)).toBeGreaterThan(0)
  })

  test('is not given before a retry is due, nor while the receiver asked for a pause', async () => {
    const client = await database()
    await addEndpoint(client, { url: 'https://a.example' })
    await emit(client)
    await storeOn(client).take(greedy('a:1', { leaseLimit: 0 }))
    await client.query(`update outbox.delivery_rows set due_at = clock_timestamp() + interval '1 hour'`)
    const { deliveries, meta } = await storeOn(client).take(greedy('a:2'))
    expect(deliveries).toEqual([])
    expect(meta.nextDueIn).toBeGreaterThan(3_590)
    await client.query(`update outbox.delivery_rows set due_at = clock_timestamp()`)
    await client.query(`update outbox.endpoint_health set not_before = clock_timestamp() + interval '1 hour'`)
    expect((await storeOn(client).take(greedy('a:3'))).deliveries).toEqual([])
    await client.query(`update outbox.endpoint_health set not_before = clock_timestamp()`)
    expect((await storeOn(client).take(greedy('a:4'))).deliveries).toHaveLength(1)
  })

  test('carries the data exactly as Postgres prints it', async () => {
    const client = await database()
    await addEndpoint(client, { url: 'https://a.example' })
    await client.query(
      `select outbox.emit('big.numbers', '{"n": 12345678901234567890.10, "é": "\\u2028😀"}')`,
    )
    const { deliveries } = await storeOn(client).take(greedy('a:1'))
    const { rows } = await client.query('select data::text from outbox.events')
    expect(deliveries[0]!.data).toBe(rows[0].data)
    expect(deliveries[0]!.data).toContain('12345678901234567890.10')
  })

  test('that ran out is taken back: the attempt is recorded as interrupted, the delivery is due', async () => {
    const client = await database()
    await addEndpoint(client, { url: 'https://a.example' })
    await emit(client, 2)
    const store = storeOn(client)
    await store.take(greedy('crashed:1', { leaseSeconds: 0 }))
    expect(await store.rescue(100, defaultRetrySchedule)).toBe(2)
    const { deliveries } = await store.take(greedy('a:1'))
    expect(deliveries.map(d => [d.attempt, d.attemptsUsed])).toEqual([
      [2, 1],
      [2, 1],
    ])
    const { rows } = await client.query('select number, error from outbox.attempts')
    expect(rows).toEqual([
      { number: 1, error: 'interrupted' },
      { number: 1, error: 'interrupted' },
    ])
  })

  test('that ran out at the last attempt leaves a dead delivery, so that no event can crash senders for ever', async () => {
    const client = await database()
    await addEndpoint(client, { url: 'https://a.example', retry_schedule: [0] })
    await emit(client)
    const store = storeOn(client)
    for (const lease of ['crash:1', 'crash:2']) {
      await store.take(greedy(lease, { leaseSeconds: 0 }))
      await store.rescue(100, defaultRetrySchedule)
    }
    expect(await deliveryStates(client)).toEqual({ dead: 1 })
  })

  test('that is released was never an attempt', async () => {
    const client = await database()
    await addEndpoint(client, { url: 'https://a.example' })
    await emit(client)
    const store = storeOn(client)
    const first = await store.take(greedy('a:1'))
    await store.release(first.deliveries)
    const second = await store.take(greedy('a:2'))
    expect(second.deliveries[0]!.attempt).toBe(1)
    await store.release(first.deliveries)
    expect(await deliveryStates(client)).toEqual({ sending: 1 })
  })
})

async function database(): Promise<pg.Client> {
  return (await freshDatabase()).connect()
}

async function twoConnections() {
  const db = await freshDatabase()
  return { client: await db.connect(), other: await db.connect() }
}
