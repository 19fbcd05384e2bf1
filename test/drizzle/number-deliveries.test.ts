// The numbers of an endpoint's deliveries: 1, 2, 3, … without a gap and without a repeat, whoever gives them and whatever fails.
import type pg from 'pg'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import type { EndpointId, EventId } from '../../delivery/types.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import { runOn } from '../../worker/database.ts'
import { freshDatabase } from '../support/database.ts'

let clients: pg.Client[]
beforeAll(async () => {
  const db = await freshDatabase()
  clients = await Promise.all(Array.from({ length: 8 }, () => db.connect()))
})
beforeEach(() => clients[0]!.query('truncate outbox.sequences, outbox.delivery_numbers'))

const number = async (client: pg.Client, endpoint: number, events: readonly number[]) => {
  const deliveries = events.map(event => ({
    endpointId: String(endpoint) as EndpointId,
    eventId: String(event) as EventId,
  }))
  const rows = await queries.numberDeliveries(runOn(client), { deliveries })
  return Object.fromEntries(rows.map(row => [row.eventId, Number(row.number)]))
}

const numbersOf = async (endpoint: number) =>
  (
    await clients[0]!.query(
      'select number::int, event_id::int from outbox.delivery_numbers where endpoint_id = $1 order by number',
      [endpoint],
    )
  ).rows

test('each endpoint has its own, in the order of events, and a delivery keeps the one it has', async () => {
  const [client] = clients as [pg.Client]
  expect(await number(client, 1, [12, 10, 11])).toEqual({ 10: 1, 11: 2, 12: 3 })
  expect(await number(client, 2, [11])).toEqual({ 11: 1 })
  expect(await number(client, 1, [9, 11, 13])).toEqual({ 11: 2, 9: 4, 13: 5 })
})

test('one that is rolled back leaves no gap, and another waits for it', async () => {
  const [first, second] = clients as [pg.Client, pg.Client]
  await number(first, 1, [1])
  await first.query('begin')
  expect(await number(first, 1, [2, 3])).toEqual({ 2: 2, 3: 3 })
  const waiting = number(second, 1, [4, 3])
  await first.query('rollback')
  expect(await waiting).toEqual({ 3: 2, 4: 3 })
})

test('what another has numbered meanwhile is seen, and not numbered again', async () => {
  const [first, second] = clients as [pg.Client, pg.Client]
  await first.query('begin')
  await number(first, 1, [1, 2])
  const waiting = number(second, 1, [2, 3])
  await first.query('commit')
  expect(await waiting).toEqual({ 2: 2, 3: 3 })
})

test('eight at once, with overlaps and rollbacks, give numbers without a gap and without a repeat', async () => {
  const events = Array.from({ length: 400 }, (_, n) => n + 1)
  await Promise.all(
    clients.map(async (client, c) => {
      for (let round = 0; round < 40; round++) {
        const some = events.filter(event => (event * 7 + c * 3 + round) % 11 === 0)
        const undone = (round + c) % 3 === 0
        if (undone) await client.query('begin')
        await number(client, 1, some)
        if (undone) await client.query('rollback')
      }
      await number(client, 1, events)
    }),
  )
  const given = await numbersOf(1)
  expect(given.map(row => row.number)).toEqual(events)
  expect(new Set(given.map(row => row.event_id)).size).toBe(events.length)
})

test('numbers are never given twice, also when old ones have been let go', async () => {
  const [client] = clients as [pg.Client]
  await number(client, 1, [1, 2])
  await client.query('delete from outbox.delivery_numbers')
  expect(await number(client, 1, [3])).toEqual({ 3: 3 })
})

test('a number costs a few pages, also where the plan was made while there were none', async () => {
  const [client, other] = clients as [pg.Client, pg.Client]
  await other.query('vacuum outbox.sequences, outbox.delivery_numbers') // now they are known to be empty
  // As in the sessions of a listener.
  await client.query(`set enable_seqscan = off; set plan_cache_mode = force_generic_plan`)
  await number(client, 1, [1])
  await other.query(
    `with more as (
       insert into outbox.delivery_numbers (endpoint_id, number, event_id) select 1, n, n from generate_series(2, 30000) n
     )
     update outbox.sequences set last_number = 30000`,
  )
  expect(await pagesFor(client, 1, 30_001)).toBeLessThan(50)
})

async function pagesFor(client: pg.Client, endpoint: number, event: number): Promise<number> {
  const { rows } = await client.query(
    'explain (analyze, buffers, format json) select outbox.number_deliveries(array[$1::bigint], array[$2::bigint])',
    [endpoint, event],
  )
  const { Plan: plan } = rows[0]['QUERY PLAN'][0]
  return plan['Shared Hit Blocks'] + plan['Shared Read Blocks']
}
