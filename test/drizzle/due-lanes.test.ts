// What the dispatcher of edge sending sees: which endpoints may send something now, and when the next one may.
import type pg from 'pg'
import { expect, test } from 'vitest'
import { dueLanes } from '../../drizzle/queries.gen.ts'
import { runOn } from '../../worker/database.ts'
import { freshDatabase } from '../support/database.ts'
import { addEndpoint, emit, giveRows, greedy, storeOn } from '../support/outbox.ts'

const hour = 3_600

/** Three deliveries are due to one endpoint. */
async function scene(columns: Record<string, unknown> = {}) {
  const client = await (await freshDatabase()).connect()
  const { id } = await addEndpoint(client, { url: 'https://a.example', max_in_flight: 7, ...columns })
  await emit(client, 3)
  await storeOn(client).take(greedy('nobody:1', { leaseLimit: 0 }))
  await giveRows(client)
  await client.query(
    `update outbox.delivery_rows set state = 'pending', due_at = clock_timestamp() - interval '1 second'`,
  )
  return { client, id }
}

const look = (client: pg.Client, maxCounted = 100) =>
  dueLanes(runOn(client), { scanLimit: 10, maxCounted, scanAfter: null })

const setHealth = (client: pg.Client, change: string) =>
  client.query(`update outbox.endpoint_health set ${change}`)

test('an endpoint with something due, and how much, counted no further than asked', async () => {
  const { client, id } = await scene()
  const lane = { endpointId: id, due: 3, maxInFlight: 7, isRestrained: false, isRated: false }
  expect(await look(client)).toEqual({ rows: [lane], meta: { scanCursor: null, nextDueIn: null } })
  expect((await look(client, 2)).rows).toEqual([{ ...lane, due: 2 }])
})

test.each([
  ['an open breaker', 'probe_at'],
  ['a receiver that has asked for a pause', 'not_before'],
])('none behind %s, which is looked at again when that lets one through', async (_, column) => {
  const { client } = await scene()
  await setHealth(client, `${column} = clock_timestamp() + interval '1 hour'`)
  const { rows, meta } = await look(client)
  expect(rows).toEqual([])
  expect(meta.nextDueIn).toBeCloseTo(hour, -1)
})

test.each(["probe_at = clock_timestamp() - interval '1 second'", 'slow_start_limit = 4'])(
  'one that lets little out (%s) is restrained',
  async change => {
    const { client } = await scene()
    await setHealth(client, change)
    expect((await look(client)).rows).toMatchObject([{ due: 3, isRestrained: true }])
  },
)

test('one with a rate limit is rated', async () => {
  const { client } = await scene({ rate_per_second: 5 })
  expect((await look(client)).rows).toMatchObject([{ isRated: true }])
})

test('none that is paused, and none of what waits for its time', async () => {
  const { client } = await scene()
  await client.query(`update outbox.delivery_rows set due_at = clock_timestamp() + interval '1 hour'`)
  const later = await look(client)
  expect(later.rows).toEqual([])
  expect(later.meta.nextDueIn).toBeCloseTo(hour, -1)
  await client.query(`update outbox.endpoints set state = 'paused'`)
  expect(await look(client)).toEqual({ rows: [], meta: { scanCursor: null, nextDueIn: null } })
})
