// Events about the outbox itself: who is told, when, and that telling never makes more to tell.
import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import type { EndpointId } from '../../delivery/types.ts'
import { freshDatabase } from '../support/database.ts'
import { fold } from '../support/history.ts'
import { addEndpoint, endLeases, greedy, storeOn } from '../support/outbox.ts'
import { failure, success } from '../support/settlements.ts'

const url = 'https://a.example'
const ours = ['outbox.endpoint.failing', 'outbox.endpoint.recovered', 'outbox.delivery.dead']

/** A customer's endpoint of each kind, and one that asks for nothing but ours. */
async function scene({ tenant = null as string | null, types = ours } = {}) {
  const db = await freshDatabase()
  const client = await db.connect()
  const customer = await addEndpoint(client, { url, tenant, event_types: ['a.b'] })
  const operator = await addEndpoint(client, { url, event_types: types })
  return { db, client, customer, operator, store: storeOn(client) }
}

const told = async (client: pg.Client) =>
  (
    await client.query(
      `select type, tenant, data from outbox.events where starts_with(type, 'outbox.') order by id`,
    )
  ).rows

/** Which endpoints the events about the outbox become deliveries for. */
async function receivers(client: pg.Client): Promise<EndpointId[]> {
  await storeOn(client).take(greedy('r:1', { leaseLimit: 0 }))
  const { rows } = await client.query(
    `select distinct d.endpoint_id::text as id from outbox.deliveries d join outbox.events e on e.id = d.event_id
     where starts_with(e.type, 'outbox.') order by 1`,
  )
  return rows.map(row => row.id)
}

const emit = (client: pg.Client, count: number, tenant: string | null = null) =>
  client.query(`select outbox.emit('a.b', '{}'::json, null, $1) from generate_series(1, $2)`, [tenant, count])

describe('a delivery that dies', () => {
  test('is told to the endpoints that ask for it by name, and to no others', async () => {
    const { client, store, operator } = await scene()
    await addEndpoint(client, { url })
    await addEndpoint(client, { url, event_types: ['*'] })
    const byPrefix = await addEndpoint(client, { url, event_types: ['outbox.*'] })
    await addEndpoint(client, { url, tenant: 'acme', event_types: ['outbox.*'] })
    await emit(client, 1)
    const { deliveries } = await store.take(greedy('a:1'))
    const [first, ...others] = deliveries
    await store.settleIfLeased([
      failure(first!, { state: 'dead', error: 'bad_status', retryInSeconds: null }),
      ...others.map(success),
    ])
    expect(await told(client)).toEqual([
      {
        type: 'outbox.delivery.dead',
        tenant: null,
        data: {
          delivery_id: first!.publicId,
          event_id: first!.webhookId,
          type: 'a.b',
          endpoint_id: expect.stringMatching(/^ep_/),
          description: null,
          attempts: 1,
          reason: 'bad_status',
        },
      },
    ])
    expect(await receivers(client)).toEqual([operator.id, byPrefix.id])
  })

  test('of a tenant is told to its own endpoints and to operators, without the reason', async () => {
    const { client, store, operator } = await scene({ tenant: 'acme' })
    const own = await addEndpoint(client, { url, tenant: 'acme', event_types: ours })
    await addEndpoint(client, { url, tenant: 'other', event_types: ours })
    await emit(client, 1, 'acme')
    const { deliveries } = await store.take(greedy('a:1'))
    await store.settleIfLeased([
      failure(deliveries[0]!, { state: 'dead', error: 'dns', retryInSeconds: null }),
    ])
    expect(await told(client)).toMatchObject([{ tenant: 'acme', data: { reason: null } }])
    expect(await receivers(client)).toEqual([operator.id, own.id])
  })

  test('of an event about the outbox itself makes no new one', async () => {
    const { client, store } = await scene()
    await emit(client, 1)
    const { deliveries } = await store.take(greedy('a:1'))
    const die = { state: 'dead', error: 'timeout', retryInSeconds: null } as const
    await store.settleIfLeased([failure(deliveries[0]!, die)])
    const ourOwn = (await store.take(greedy('a:2'))).deliveries
    expect(ourOwn.map(({ type }) => type)).toEqual(['outbox.delivery.dead'])
    await store.settleIfLeased([failure(ourOwn[0]!, die)])
    expect(await told(client)).toHaveLength(1)
    expect((await store.take(greedy('a:3'))).deliveries).toEqual([])
  })

  test('by being rescued for the last time is told too', async () => {
    const { client, store } = await scene()
    await client.query(`update outbox.endpoints set retry_schedule = '{}'`)
    await emit(client, 2)
    await store.take(greedy('a:1'))
    await endLeases(client)
    expect(await store.rescue(100, [])).toBe(2)
    expect((await told(client)).map(({ type }) => type)).toEqual([
      'outbox.delivery.dead',
      'outbox.delivery.dead',
    ])
  })

  test('is written down for nobody while nobody asks', async () => {
    const { client, store, operator } = await scene()
    await client.query(
      `update outbox.endpoints set state = 'disabled', disabled_reason = 'manual' where id = $1`,
      [operator.id],
    )
    await emit(client, 1)
    const { deliveries } = await store.take(greedy('a:1'))
    await store.settleIfLeased([failure(deliveries[0]!, { state: 'dead', retryInSeconds: null })])
    expect((await told(client)).map(({ type }) => type)).toEqual(['outbox.endpoint.disabled'])
  })
})

test('an endpoint that begins to fail is told once, and its recovery once', async () => {
  const { client, store, customer } = await scene()
  await emit(client, 12)
  const { deliveries } = await store.take(greedy('a:1'))
  await store.settleIfLeased(deliveries.map(d => failure(d, { retryInSeconds: 0 })))
  expect(await told(client)).toMatchObject([
    { type: 'outbox.endpoint.failing', data: { failing_since: expect.stringMatching(/Z$/) } },
  ])
  await client.query(
    'update outbox.endpoint_health set probe_at = clock_timestamp() where endpoint_id = $1',
    [customer.id],
  )
  const probe = (await store.take(greedy('a:2'))).deliveries.filter(d => d.endpointId === customer.id)
  expect(probe).toHaveLength(1)
  await store.settleIfLeased(probe.map(success))
  expect((await told(client)).map(({ type }) => type)).toEqual(ours.slice(0, 2))
})

test('a failing endpoint that a person resumes has not recovered', async () => {
  const { client, store } = await scene()
  await emit(client, 12)
  const { deliveries } = await store.take(greedy('a:1'))
  await store.settleIfLeased(deliveries.map(d => failure(d, { retryInSeconds: 0 })))
  for (const state of ['paused', 'active'])
    await client.query('update outbox.endpoints set state = $1', [state])
  expect((await told(client)).map(({ type }) => type)).toEqual(['outbox.endpoint.failing'])
})

/** As if a minute had passed. */
const nextMinute = async (client: pg.Client) => {
  await client.query(`update outbox.history set sampled_at = sampled_at - interval '1 minute'`)
  await fold(client)
}

test('capture that breaks is told once, until it is mended', async () => {
  const { client } = await scene({ types: ['outbox.capture.broken'] })
  await client.query('create table public.things (id int primary key)')
  await client.query(`select outbox.watch('public.things')`)
  await fold(client)
  expect(await told(client)).toEqual([])
  for (const [change, times] of [
    ['disable', 1],
    ['enable', 1],
    ['disable', 2],
  ] as const) {
    await client.query(`alter table public.things ${change} trigger user`)
    await nextMinute(client)
    await nextMinute(client)
    expect(await told(client)).toHaveLength(times)
  }
  expect(await told(client)).toMatchObject([
    {
      type: 'outbox.capture.broken',
      tenant: null,
      data: { checks: [{ name: 'broken_triggers', value: 4 }] },
    },
    { type: 'outbox.capture.broken' },
  ])
})

test('a backlog that grows for five minutes is told once; one that waits for its endpoint is not', async () => {
  const { client, store, customer } = await scene({ types: ['outbox.backlog.growing'] })
  await emit(client, 1)
  await store.take(greedy('a:1', { leaseLimit: 0 }))
  const minutes = async (count: number) => {
    for (let n = 0; n < count; n++) {
      await client.query(
        `update outbox.delivery_rows set due_at = due_at - interval '40 s' where endpoint_id = $1`,
        [customer.id],
      )
      await nextMinute(client)
    }
  }
  await fold(client)
  await client.query(
    `update outbox.endpoint_health set failures = 10, failing_since = now(), probe_at = now() + interval '1 h' where endpoint_id = $1`,
    [customer.id],
  )
  await minutes(6)
  expect(await told(client)).toEqual([])
  await client.query(
    `update outbox.endpoint_health set failures = 0, failing_since = null, probe_at = null where endpoint_id = $1`,
    [customer.id],
  )
  await minutes(4)
  expect(await told(client)).toEqual([])
  await minutes(4)
  expect(await told(client)).toMatchObject([{ type: 'outbox.backlog.growing', data: { minutes: 5 } }])
})
