// The history of the attempts, statement by statement: whatever records an attempt tallies it.
import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { fold, historyOf, scanOf } from '../support/history.ts'
import { addEndpoint, emit, endLeases, greedy, storeOn } from '../support/outbox.ts'
import { failure, success } from '../support/settlements.ts'

const schedule = [10, 60]

async function scene() {
  const client = await (await freshDatabase()).connect()
  await addEndpoint(client, { url: 'https://a.example' })
  await addEndpoint(client, { url: 'https://b.example', tenant: 'acme' })
  return { client, store: storeOn(client) }
}

async function expectSame(client: pg.Client, attempts: number): Promise<void> {
  await fold(client)
  const minutes = await historyOf(client, 1)
  expect(minutes).toEqual(await scanOf(client, 1))
  expect(await historyOf(client, 60)).toEqual(await scanOf(client, 60))
  const all = minutes.filter(row => (row as { endpoint_id: string; tenant: string }).endpoint_id === '0')
  const count = (tenant: string) =>
    all
      .filter(row => (row as { tenant: string }).tenant === tenant)
      .reduce<number>((sum, row) => sum + Number((row as { attempts: string }).attempts), 0)
  expect(count('')).toBe(attempts)
}

const emitOf = (client: pg.Client, tenant: string | null) =>
  client.query(`select outbox.emit('test.happened', '{}'::json, null, $1) from generate_series(1, 3)`, [
    tenant,
  ])

describe('the history equals a scan of the attempts', () => {
  test('after first attempts that succeeded, at several endpoints, also of a tenant', async () => {
    const { client, store } = await scene()
    await emitOf(client, null)
    await emitOf(client, 'acme')
    const { deliveries } = await store.take(greedy('a:1'))
    expect(deliveries).toHaveLength(9)
    await store.settleIfLeased(deliveries.map((d, n) => ({ ...success(d), durationMs: 5 * n })))
    await expectSame(client, 9)
  })

  test('after failures, of which some had an answer, and successes that came later', async () => {
    const { client, store } = await scene()
    await emit(client, 4)
    const { deliveries } = await store.take(greedy('a:1'))
    const [first, ...others] = deliveries
    await store.settleIfLeased([
      failure(first!, { error: 'bad_status', status: 500, durationMs: 20_000, retryInSeconds: 0 }),
      ...others.map(d => failure(d, { retryInSeconds: 0 })),
    ])
    const again = await store.take(greedy('a:2', { leaseLimit: 2 }))
    await store.settleIfLeased(again.deliveries.map(success))
    await expectSame(client, 4 + again.deliveries.length)
    expect(again.deliveries.length).toBeGreaterThan(0)
  })

  test('after an outcome came late: it replaces the guess “interrupted”, in the minute of either', async () => {
    const { client, store } = await scene()
    await emit(client, 3)
    const { deliveries } = await store.take(greedy('a:1'))
    await endLeases(client)
    expect(await store.rescue(100, schedule)).toBe(3)
    // So that the guess stands in a minute of its own.
    await client.query(`update outbox.attempt_rows set started_at = started_at - interval '5 minutes'`)
    await client.query(`update outbox.attempt_tallies set minute = minute - interval '5 minutes'`)
    await expectSame(client, 3)
    const [one, two, three] = deliveries
    await store.settleIfLeased([success(one!)])
    await store.settleIfLeased([failure(two!, { retryInSeconds: 10 }), success(three!)])
    await expectSame(client, 3)
  })

  test('after a batch that was sent twice because its answer was lost', async () => {
    const { client, store } = await scene()
    await emit(client, 3)
    const { deliveries } = await store.take(greedy('a:1'))
    const batch = [
      success(deliveries[0]!),
      success(deliveries[1]!),
      failure(deliveries[2]!, { retryInSeconds: 10 }),
    ]
    await store.settleIfLeased(batch)
    await store.settleIfLeased(batch)
    await expectSame(client, 3)
  })

  test('when the folding takes many steps, and two run at once', async () => {
    const { client, store } = await scene()
    for (let n = 1; n <= 5; n++) {
      await emit(client, 2)
      const { deliveries } = await store.take(greedy(`a:${n}`))
      await store.settleIfLeased(deliveries.map(success))
    }
    await client.query('begin')
    expect((await client.query(`select outbox.fold_attempts('31 days', 2) as n`)).rows).toEqual([{ n: 2 }])
    await client.query('commit')
    await expectSame(client, 10)
  })
})

test('while one session folds, another one takes nothing and does not wait', async () => {
  const db = await freshDatabase()
  const [one, other] = [await db.connect(), await db.connect()]
  await one.query('begin')
  await one.query(`select outbox.fold_attempts('31 days', 10)`)
  expect((await other.query(`select outbox.fold_attempts('31 days', 10) as n`)).rows).toEqual([{ n: 0 }])
  await one.query('rollback')
})

test('old minutes go before old hours, and what is young stays', async () => {
  const client = await (await freshDatabase()).connect()
  await client.query(`
    insert into outbox.attempt_minutes (endpoint_id, tenant, minutes, begins_at, sender, outcome, attempts, duration_ms, delay_ms)
    select e, '', m, date_bin(make_interval(mins => m), clock_timestamp() - make_interval(days => age), 'epoch'), 'listener', 'delivered', 1, 0, 0
    from generate_series(1, 3) e, unnest(array[1, 60]) m, unnest(array[1, 29, 31, 359, 361]) age`)
  await client.query(`
    insert into outbox.backlog_minutes select e, '', date_bin('1 minute', clock_timestamp() - make_interval(days => age), 'epoch'), 1
    from generate_series(1, 3) e, unnest(array[1, 29, 31]) age`)
  await client.query(`select outbox.fold_attempts('30 days', 10)`)
  const left = await client.query(
    `
    select minutes, array_agg(distinct (extract(epoch from clock_timestamp() - begins_at) / 86400)::int order by 1) as ages, count(*)::int as n
    from (select minutes, begins_at from outbox.attempt_minutes
          union all select 0, begins_at from outbox.backlog_minutes where endpoint_id > 0) h (minutes, begins_at)
    group by minutes order by minutes`.replace(
      'order by 1',
      'order by (extract(epoch from clock_timestamp() - begins_at) / 86400)::int',
    ),
  )
  expect(left.rows).toEqual([
    { minutes: 0, ages: [1, 29], n: 6 },
    { minutes: 1, ages: [1, 29], n: 6 },
    { minutes: 60, ages: [1, 29, 31, 359], n: 12 },
  ])
})

test('once a minute the backlog is sampled: the oldest due delivery of each endpoint, tenant and of all', async () => {
  const { client, store } = await scene()
  const disabled = await addEndpoint(client, { url: 'https://c.example' })
  await emitOf(client, 'acme')
  await store.take(greedy('a:1', { leaseLimit: 0 }))
  await client.query(
    `update outbox.endpoints set state = 'disabled', disabled_reason = 'manual' where id = $1`,
    [disabled.id],
  )
  await client.query(
    `
    update outbox.delivery_rows d set due_at = clock_timestamp() - make_interval(mins => endpoint_id::int) where endpoint_id <> $1`,
    [disabled.id],
  )
  await fold(client)
  await fold(client)
  const { rows } = await client.query(
    'select endpoint_id::int, tenant, round(oldest_pending_seconds)::int as seconds from outbox.backlog_minutes order by 1, 2',
  )
  expect(rows).toEqual([
    { endpoint_id: 0, tenant: '', seconds: 120 },
    { endpoint_id: 0, tenant: 'acme', seconds: 120 },
    { endpoint_id: 1, tenant: '', seconds: 60 },
    { endpoint_id: 2, tenant: '', seconds: 120 },
  ])
})
