// The doorbell in real workerd: without a ring nobody asks the database, and what is rung for is sent at once.
import { describe, expect, test } from 'vitest'
import { runScheduled } from '../../../functions/cron/scheduled.ts'
import { createEdge } from '../../../functions/edge/edge.ts'
import { callObject } from '../../../functions/edge/object.ts'
import { freshDatabase } from '../../support/database.ts'
import { startDoorbellApi, startDoorbellWorker } from '../../support/doorbell.ts'
import { startObject } from '../../support/durable-object.ts'
import { eventually } from '../../support/eventually.ts'
import { addEndpoint, deliveryStates, emit, startTestListener } from '../../support/outbox.ts'
import { type Respond, startReceiver } from '../../support/receiver.ts'
import { testSettings } from '../../support/settings.ts'
import { startSqlProxy } from '../../support/sql-proxy.ts'
import { startApi } from '../api.ts'

/** With its first look over: it is born rung. */
async function scene(
  respond?: Respond,
  columns: Record<string, unknown> = {},
  env: Record<string, string> = {},
) {
  const proxy = await startSqlProxy()
  const api = await startDoorbellApi({ NEON_PROXY: proxy.url, ...env })
  const receiver = await startReceiver(respond)
  const endpoint = await addEndpoint(api.db, { url: receiver.url, ...columns })
  const looks = () => api.worker.logs().filter(line => line.includes('"stopped":"nothing due"')).length
  const run = async () => expect(await api.worker.scheduled()).toBe('ok')
  await run()
  expect(looks()).toBe(1)
  const delivered = (count: number) =>
    eventually(async () => expect(await deliveryStates(api.db)).toEqual({ delivered: count }))
  return { api, proxy, receiver, endpoint, looks, run, delivered }
}

test('while nobody rings and nothing is due, the cron function touches no database', async () => {
  const { api, proxy, receiver, looks, run } = await scene()
  const before = proxy.statements
  await emit(api.db) // past the API
  for (let minutes = 0; minutes < 5; minutes++) await run()
  expect(proxy.statements).toBe(before)
  expect(looks()).toBe(1)
  expect(api.worker.logs().filter(line => line.includes('"stopped":"asleep"'))).toHaveLength(5)
  expect(receiver.requests).toHaveLength(0)
})

test('without a doorbell the cron function asks the database every time', async () => {
  const proxy = await startSqlProxy()
  const api = await startApi({ NEON_PROXY: proxy.url })
  await api.worker.scheduled()
  const before = proxy.statements
  await api.worker.scheduled()
  expect(proxy.statements).toBeGreaterThan(before)
})

describe('what is written', () => {
  test('through the API is sent within 3 s, without waiting for the trigger', async () => {
    const { api, receiver, delivered } = await scene()
    const writtenAt = Date.now()
    const { body } = await api.post('/v1/events', { type: 'a.b', data: { n: 1 } })
    await delivered(1)
    expect(receiver.requests.map(r => r.headers['webhook-id'])).toEqual([body.id])
    expect(receiver.requests[0]!.at - writtenAt).toBeLessThanOrEqual(3_000)
    const { rows } = await api.db.query('select sender from outbox.attempts')
    expect(rows).toEqual([{ sender: 'cron' }])
  })

  test('past the API is sent after POST /v1/ring', async () => {
    const { api, delivered } = await scene()
    await emit(api.db, 3)
    expect((await api.post('/v1/ring', undefined, { key: 'look' })).body).toEqual({ rung: true })
    await delivered(3)
  })

  test('past the API without a ring is sent at the next look', async () => {
    const { api, delivered } = await scene(undefined, {}, { OUTBOX_SLEEP_LOOK_SECONDS: '2' })
    await emit(api.db)
    await delivered(1)
  })

  test('is rung for also when the answer was a failure, because the commit may have happened', async () => {
    const { api, proxy, delivered } = await scene()
    proxy.breakNext('outbox: emit_event', 'after')
    const { status } = await api.post('/v1/events', { type: 'a.b', data: {} })
    expect(status).toBeGreaterThanOrEqual(500)
    await delivered(1)
  })
})

test('what failed is sent again when it is due, without a ring', async () => {
  const { api, receiver, delivered } = await scene(({ nth }) => (nth === 1 ? 500 : 200), {
    retry_schedule: [6],
  })
  await api.post('/v1/events', { type: 'a', data: {} })
  await delivered(1)
  expect(receiver.requests).toHaveLength(2)
})

test('a look that failed is made again, and the ring is not forgotten', async () => {
  const { api, proxy, delivered, run } = await scene()
  await emit(api.db)
  proxy.breakNext('outbox: identify', 'before')
  await api.post('/v1/ring', undefined)
  await eventually(() => api.worker.logs().some(line => line.includes('a look failed')))
  await eventually(async () => {
    await run()
    await delivered(1)
  })
})

describe('a listener that sleeps', () => {
  const sleepy = { OUTBOX_SLEEP_AFTER_SECONDS: '1', OUTBOX_POLL_SECONDS: '0.2', OUTBOX_WAKE_TOKEN: 'token' }
  const wakeAt = (url: string, token = 'token') => ({ OUTBOX_WAKE_URL: url, OUTBOX_WAKE_TOKEN: token })

  /** Its address is known only when it runs, so a way to it stands in between. */
  async function withListener(token?: string, more: Record<string, string> = {}) {
    const woken: string[] = []
    let port = 0
    const door = await startReceiver(async ({ headers }) => {
      const answer = await fetch(`http://127.0.0.1:${port}/wake`, {
        method: 'POST',
        headers: { authorization: String(headers.authorization) },
      })
      woken.push(`${headers.authorization} ${answer.status}`)
      return answer.status
    })
    const all = await scene(undefined, {}, { ...wakeAt(door.url, token), ...more })
    const listener = await startTestListener(all.api.database.url, sleepy)
    port = listener.healthPort
    await eventually(() => listener.isAsleep())
    return { ...all, woken }
  }
  const senders = async ({ api }: { api: Awaited<ReturnType<typeof startDoorbellApi>> }) =>
    (await api.db.query('select distinct sender from outbox.attempts')).rows.map(({ sender }) => sender)

  test('is woken with its token, and sends', async () => {
    const all = await withListener()
    const writtenAt = Date.now()
    await all.api.post('/v1/events', { type: 'a', data: {} })
    await all.delivered(1)
    expect(all.receiver.requests[0]!.at - writtenAt).toBeLessThanOrEqual(3_000)
    expect(all.woken).toEqual(['Bearer token 202'])
    expect(await senders(all)).toEqual(['listener'])
  })

  test('is not woken for the safety look, which the doorbell makes itself', async () => {
    const all = await withListener('token', { OUTBOX_SLEEP_LOOK_SECONDS: '2' })
    await emit(all.api.db) // past the API
    await all.delivered(1)
    expect(all.woken).toEqual([])
    expect(await senders(all)).toEqual(['cron'])
  })

  test('that cannot be woken is stood in for by the cron function', async () => {
    const all = await withListener('another')
    await all.api.post('/v1/events', { type: 'a', data: {} })
    await all.delivered(1)
    expect(all.woken).toContain('Bearer another 401')
    expect(await senders(all)).toEqual(['cron'])
  })
})

test('a doorbell that has forgotten everything looks at once', async () => {
  const { api, delivered } = await scene()
  await emit(api.db)
  await api.worker.close()
  const next = await startDoorbellWorker(api.database.env)
  expect(await next.scheduled()).toBe('ok')
  await delivered(1)
})

test('a run of the trigger that the doorbell let look tells it when to look next', async () => {
  const db = await freshDatabase()
  const envWith = (OUTBOX_DOORBELL: unknown) => ({ ...testSettings, ...db.env, OUTBOX_DOORBELL }) as never
  const doorbell = startObject(createEdge().Doorbell, envWith)
  expect(await runScheduled(envWith(doorbell.binding))).toMatchObject({ stopped: 'nothing due' })
  await doorbell.fire() // it was set for the end of that look
  expect(doorbell.alarm! - Date.now()).toBeGreaterThan(3_500_000)
  expect(await runScheduled(envWith(doorbell.binding))).toEqual({ stopped: 'asleep' })
})

test('an address to wake without a token is refused by name', async () => {
  const api = await startDoorbellApi({ OUTBOX_WAKE_URL: 'https://listener.example.com/wake' })
  const { status, body } = await api.get('/v1/stats')
  expect(status).toBe(503)
  expect(body.detail).toContain('OUTBOX_WAKE_URL')
  expect(body.detail).toContain('OUTBOX_WAKE_TOKEN')
})

test('a thousand rings leave an alarm alone that is about to come', async () => {
  const envWith = (OUTBOX_DOORBELL: unknown) =>
    ({ ...testSettings, DATABASE_URL: 'postgresql://me@127.0.0.1/shop', OUTBOX_DOORBELL }) as never
  const doorbell = startObject(createEdge().Doorbell, envWith)
  const ring = () => callObject(doorbell.binding, '/ring')
  await ring()
  const first = doorbell.alarm
  expect(first).toBeLessThanOrEqual(Date.now())
  for (let rings = 0; rings < 1_000; rings++) await ring()
  expect(doorbell.alarm).toBe(first)
})
