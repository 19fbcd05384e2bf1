// Replays on real Postgres: which deliveries are sent again, in bounded steps, never twice at once.
import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { addEndpoint, deliveryStates, emit, emitAtOnce, greedy, storeOn } from '../support/outbox.ts'
import { failure, success } from '../support/settlements.ts'

describe('a replay', () => {
  test('of undelivered events sends dead, canceled and missing deliveries; delivered ones stay', async () => {
    const { client, store, endpoint } = await scene()
    await emit(client, 4)
    const { deliveries } = await store.take(greedy('a:1'))
    const [delivered, dead, pending, sending] = deliveries
    await store.settleIfLeased([
      success(delivered!),
      failure(dead!, { state: 'dead', retryInSeconds: null }),
      failure(pending!, { retryInSeconds: 3600 }),
    ])
    await client.query(`update outbox.endpoints set state = 'disabled', disabled_reason = 'manual'`)
    await emit(client, 2)
    await store.take(greedy('a:2'))
    await client.query(`update outbox.endpoints set state = 'active', disabled_reason = null`)
    await replay(client, endpoint.id, 'undelivered')
    expect(await finish(client, store)).toEqual({ state: 'done', replayed: '3' })
    expect(await deliveryStates(client)).toEqual({ delivered: 1, pending: 4, sending: 1 })
    const again = await store.take(greedy('a:3'))
    expect(again.deliveries.map(d => [d.eventId, d.attempt, d.attemptsUsed])).toEqual(
      expect.arrayContaining([[dead!.eventId, 2, 0]]),
    )
    expect(again.deliveries.map(d => d.eventId)).not.toContain(sending!.eventId)
  })

  test('of all events sends delivered ones again, with the same id', async () => {
    const { client, store, endpoint } = await scene()
    await emit(client, 3)
    const { deliveries } = await store.take(greedy('a:1'))
    await store.settleIfLeased(deliveries.map(success))
    await replay(client, endpoint.id, 'all')
    await finish(client, store)
    const again = await store.take(greedy('a:2'))
    expect(again.deliveries.map(d => d.webhookId).sort()).toEqual(deliveries.map(d => d.webhookId).sort())
    expect(again.deliveries.map(d => d.attempt)).toEqual([2, 2, 2])
  })

  test('gives a new endpoint events from before it existed, of the types asked for', async () => {
    const { client, store } = await scene()
    await emit(client, 2, { type: 'order.shipped' })
    await emit(client, 2, { type: 'order.created' })
    await store.take(greedy('a:1'))
    const late = await addEndpoint(client, { url: 'https://late.example' })
    await replay(client, late.id, 'undelivered', { event_types: ['order.shipped'] })
    await finish(client, store)
    const { deliveries } = await store.take(greedy('a:2'))
    expect(deliveries.filter(d => d.endpointId === late.id).map(d => d.type)).toEqual([
      'order.shipped',
      'order.shipped',
    ])
  })

  test('goes in steps no larger than its rate allows', async () => {
    const { client, store, endpoint } = await scene()
    await emitAtOnce(client, 500)
    await client.query('delete from outbox.fanout')
    await replay(client, endpoint.id, 'all', { rate_per_second: 1 })
    await client.query(`update outbox.replays set stepped_at = clock_timestamp() - interval '3 seconds'`)
    expect(await store.stepReplay(1_000)).toEqual({ replayed: 3, running: true })
    expect(await store.stepReplay(1_000)).toEqual({ replayed: 0, running: true })
    await client.query(`update outbox.replays set stepped_at = clock_timestamp() - interval '1 hour'`)
    expect(await store.stepReplay(1_000)).toEqual({ replayed: 5, running: true })
  })

  test('that is canceled stops', async () => {
    const { client, store, endpoint } = await scene()
    await emitAtOnce(client, 50)
    await replay(client, endpoint.id, 'all')
    await client.query(`update outbox.replays set state = 'canceled', finished_at = clock_timestamp()`)
    expect(await store.stepReplay(1_000)).toEqual({ replayed: 0, running: false })
  })

  test('is stepped by one of several senders at a time', async () => {
    const { db, client, store, endpoint } = await scene()
    await emitAtOnce(client, 100)
    await client.query('delete from outbox.fanout')
    await replay(client, endpoint.id, 'all', { rate_per_second: 20 })
    await client.query(`update outbox.replays set stepped_at = clock_timestamp() - interval '1 second'`)
    const other = storeOn(await db.connect())
    await client.query('begin')
    expect((await store.stepReplay(1_000)).replayed).toBeGreaterThanOrEqual(20)
    expect((await other.stepReplay(1_000)).replayed).toBe(0)
    await client.query('commit')
  })
})

test('pending deliveries of a deleted endpoint are canceled in batches', async () => {
  const { client, store } = await scene()
  await emitAtOnce(client, 30)
  await store.take(greedy('a:1', { leaseLimit: 0 }))
  await client.query(
    `update outbox.endpoints set state = 'disabled', disabled_reason = 'manual', deleted_at = now()`,
  )
  expect(await store.cancelDeleted(20)).toBe(20)
  expect(await store.cancelDeleted(20)).toBe(10)
  expect(await deliveryStates(client)).toEqual({ canceled: 30 })
})

async function scene() {
  const db = await freshDatabase()
  const client = await db.connect()
  const endpoint = await addEndpoint(client, { url: 'https://a.example' })
  return { db, client, store: storeOn(client), endpoint }
}

async function replay(
  client: pg.Client,
  endpointId: string,
  only: string,
  more: { event_types?: string[]; rate_per_second?: number } = {},
) {
  await client.query(
    `insert into outbox.replays (endpoint_id, since, until, scope, event_types, rate_per_second)
     values ($1, now() - interval '1 day', now() + interval '1 day', $2, $3, $4)`,
    [endpointId, only, more.event_types ?? null, more.rate_per_second ?? 1_000],
  )
}

/** Steps until it is done; time is moved along instead of waited for. */
async function finish(client: pg.Client, store: ReturnType<typeof storeOn>) {
  for (let running = true; running; ) {
    await client.query(`update outbox.replays set stepped_at = clock_timestamp() - interval '1 second'`)
    running = (await store.stepReplay(2)).running
  }
  return (await client.query('select state, replayed::text from outbox.replays')).rows[0]
}
