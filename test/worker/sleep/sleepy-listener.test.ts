// A listener that sleeps, on a real database: asleep it has no connection, and it comes back for whatever there is to do.
import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import type { Listener } from '../../../worker/listener.ts'
import { eventually } from '../../support/eventually.ts'
import { deliveryStates, emit, startTestListener } from '../../support/outbox.ts'
import { startServerProcess } from '../../support/server-process.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'
import { setUp } from '../../support/topology.ts'

const sleepy = { OUTBOX_SLEEP_AFTER_SECONDS: '1', OUTBOX_POLL_SECONDS: '0.2', OUTBOX_WAKE_TOKEN: 'token' }

const connections = async (client: pg.Client) =>
  (
    await client.query(
      `select count(*)::int as n from pg_stat_activity
       where datname = current_database() and application_name like 'listener-%'`,
    )
  ).rows[0].n

const ask = (port: number, path: string, init: RequestInit = {}) =>
  fetch(`http://127.0.0.1:${port}${path}`, init)

async function untilAsleep(client: pg.Client, listener: Listener) {
  await eventually(async () => expect(await connections(client)).toBe(0))
  await eventually(() => listener.isAsleep())
}

test('after some time without work it has no connection, says so, and keeps its numbers', async () => {
  const { db, client, receiver } = await setUp()
  const listener = await startTestListener(db.url, sleepy)
  await emit(client, 3)
  await receiver.waitFor(3)
  await untilAsleep(client, listener)
  expect(await deliveryStates(client)).toEqual({ delivered: 3 })
  await eventually(async () =>
    expect(await (await ask(listener.healthPort, '/readyz')).text()).toMatch(/^ready, asleep until 20/),
  )
  expect((await ask(listener.healthPort, '/livez')).status).toBe(200)
  const metrics = await (await ask(listener.healthPort, '/metrics')).text()
  expect(metrics).toMatch(/^outbox_attempts_total\{outcome="delivered",sender="listener"} 3$/m)
  expect(await listener.stop()).toBe(true)
})

test('POST /wake with the token wakes it, and what came meanwhile is delivered; without the token nothing happens', async () => {
  const { db, client, receiver } = await setUp()
  const listener = await startTestListener(db.url, sleepy)
  await untilAsleep(client, listener)
  await emit(client)
  for (const [headers, status] of [
    [{}, 401],
    [{ authorization: 'Bearer other' }, 401],
    [{ authorization: 'Bearer token' }, 202],
  ] as const) {
    expect(receiver.requests).toHaveLength(0)
    const answer = await ask(listener.healthPort, '/wake', { method: 'POST', headers })
    expect(answer.status).toBe(status)
  }
  await receiver.waitFor(1, { timeoutMs: 3_000 })
  await untilAsleep(client, listener)
})

test('it comes back for a retry when that is due', async () => {
  const { db, client, receiver } = await setUp(({ nth }) => (nth === 1 ? 500 : 200), { retry_schedule: [4] })
  const listener = await startTestListener(db.url, sleepy)
  await emit(client)
  await receiver.waitFor(1)
  await untilAsleep(client, listener)
  expect(receiver.requests).toHaveLength(1)
  await receiver.waitFor(2)
  await eventually(async () => expect(await deliveryStates(client)).toEqual({ delivered: 1 }))
})

const wake = (port: number) =>
  ask(port, '/wake', { method: 'POST', headers: { authorization: 'Bearer token' } })

describe('it sleeps while what is due cannot be sent, and sends it once it can:', () => {
  test.each([
    ['behind an open breaker', {}, 'probe_at'],
    ['behind a rate limit', { rate_per_second: 0.01 }, 'next_slot_at'],
  ] as const)('%s', async (_, columns, column) => {
    const { db, client, receiver, endpoint } = await setUp(undefined, columns)
    const letThroughIn = (interval: string) =>
      client.query(
        `insert into outbox.endpoint_health (endpoint_id, ${column}) values ($1, clock_timestamp() + $2::interval)
         on conflict (endpoint_id) do update set ${column} = excluded.${column}`,
        [endpoint.id, interval],
      )
    await letThroughIn('1 hour')
    await emit(client)
    const listener = await startTestListener(db.url, sleepy)
    await untilAsleep(client, listener)
    expect(await deliveryStates(client)).toEqual({ pending: 1 })
    expect(receiver.requests).toHaveLength(0)
    await letThroughIn('0')
    await wake(listener.healthPort)
    await receiver.waitFor(1)
  })

  test('behind a retry of the same key', async () => {
    const { db, client, receiver } = await setUp(({ nth }) => (nth === 1 ? 500 : 200), {
      ordering: 'key',
      retry_schedule: [3_600],
    })
    const listener = await startTestListener(db.url, sleepy)
    await emit(client, 2, { key: () => 'one' })
    await receiver.waitFor(1)
    await untilAsleep(client, listener)
    expect(await deliveryStates(client)).toEqual({ pending: 2 })
    await client.query('update outbox.delivery_rows set due_at = clock_timestamp()')
    await wake(listener.healthPort)
    await receiver.waitFor(3)
  })
})

describe('it looks from time to time for what nobody woke it for:', () => {
  test.each([
    ['an event', (client: pg.Client) => emit(client)],
    [
      'a replay',
      (client: pg.Client) =>
        client.query(
          `insert into outbox.replays (endpoint_id, since, until, scope, rate_per_second)
           select id, now() - interval '1 day', now(), 'all', 100 from outbox.endpoints`,
        ),
    ],
  ])('%s', async (_, write) => {
    const { db, client, receiver } = await setUp()
    const listener = await startTestListener(db.url, { ...sleepy, OUTBOX_SLEEP_LOOK_SECONDS: '2' })
    await emit(client)
    await receiver.waitFor(1)
    await untilAsleep(client, listener)
    await write(client)
    await receiver.waitFor(2)
  })
})

test('woken while the database cannot be reached, it tries until it can', async () => {
  const { db, client, receiver } = await setUp()
  const url = new URL(db.url)
  const proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) })
  url.port = String(proxy.port)
  const listener = await startTestListener(url.href, sleepy)
  await untilAsleep(client, listener)
  proxy.mode('refuse')
  await emit(client)
  await wake(listener.healthPort)
  await eventually(() => proxy.refused > 0)
  proxy.mode('pass')
  await receiver.waitFor(1)
  await untilAsleep(client, listener)
})

test('in one process with the API every request that may change something wakes it, and neither timer nor probe does', async () => {
  const { db, client, receiver } = await setUp()
  const server = await startServerProcess({
    DATABASE_URL: db.url,
    ...sleepy,
    OUTBOX_CRON_SECONDS: '1',
    OUTBOX_LOG_LEVEL: 'info',
  })
  const asleep = () => server.said().match(/"msg":"asleep"/g)?.length ?? 0
  await eventually(() => asleep() === 1)
  for (let probes = 0; probes < 3; probes++) expect((await server.fetch('/readyz')).status).toBe(200)
  const answer = await server.fetch('/v1/events', {
    method: 'POST',
    headers: { authorization: 'Bearer dev', 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'a.b', data: {} }),
  })
  expect(answer.status).toBe(202)
  await receiver.waitFor(1, { timeoutMs: 3_000 })
  expect(server.said().split('"msg":"asleep"')[1]!.split('"msg":"started"')[0]).not.toContain('cron run')
  await eventually(() => asleep() === 2)
  expect(await connections(client)).toBe(0)
})
