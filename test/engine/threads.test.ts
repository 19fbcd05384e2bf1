// A listener that sends on several threads (OUTBOX_LISTENER_THREADS) is still one listener: order, limits, leases and
// connections are as without threads. One that loses a thread says so and ends.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import { verify } from '../../delivery/verify.ts'
import { startApi } from '../functions/api.ts'
import { eventually } from '../support/eventually.ts'
import { type ListenerProcess, startListenerProcess } from '../support/listener-process.ts'
import { findDisorder } from '../support/order-checker.ts'
import { deliveryStates, emitAtOnce, endLeases } from '../support/outbox.ts'
import { type Received, type Respond, startReceiver } from '../support/receiver.ts'
import { temporaryDirectory } from '../support/server.ts'
import { threadFaults } from '../support/thread-faults.ts'
import { setUp } from '../support/topology.ts'

const twoThreads = { OUTBOX_LISTENER_THREADS: '2', OUTBOX_POLL_SECONDS: '0.2' }

test('events of 40 keys arrive in order per key from two threads, and never more than max_in_flight are under way', async () => {
  const keys = Array.from({ length: 40 }, (_, i) => `k${i}`)
  const versions = 20
  const seen: { key: string; version: number }[] = []
  let underWay = 0
  let maxUnderWay = 0
  const { db, client } = await setUp(
    async ({ body, nth }) => {
      maxUnderWay = Math.max(maxUnderWay, ++underWay)
      await new Promise(resolve => setTimeout(resolve, 10 * Math.random()))
      underWay--
      if (nth === 1 && Math.random() < 0.1) return 500
      seen.push(JSON.parse(body.toString()).data)
      return 200
    },
    { ordering: 'key', max_in_flight: 5 }, // which two threads cannot halve
  )
  await client.query(
    `select outbox.emit('version.made', jsonb_build_object('key', key, 'version', v), key)
     from unnest($1::text[]) as key, generate_series(1, $2) as v order by v, key`,
    [keys, versions],
  )
  const env = { ...twoThreads, OUTBOX_RETRY_SCHEDULE: '0.05,0.05,0.05' }
  const listener = await startListenerProcess(db.url, env)
  const before = await busySeconds(listener)
  await eventually(async () => (await deliveryStates(client)).delivered === keys.length * versions, {
    timeoutMs: 60_000,
  })
  expect(findDisorder(seen, keys, versions)).toEqual([])
  expect(maxUnderWay).toBe(5)
  const after = await busySeconds(listener)
  for (const thread of ['main', '1', '2']) expect(after[thread]).toBeGreaterThan(before[thread]!)
})

test('a sending thread uses the keys, headers and URL that the endpoint has at that time', async () => {
  const api = await startApi()
  const [receiver, other] = await Promise.all([startReceiver(), startReceiver()])
  const endpoint = (
    await api.post('/v1/endpoints', {
      url: `${receiver.url}/one`,
      signing: 'ed25519',
      headers: { 'x-a': '1' },
    })
  ).body
  await startListenerProcess(api.database.url, twoThreads)
  const expectSigned = async ({ headers, body }: Received, secret: string) => {
    const given = new Headers(Object.entries(headers) as [string, string][])
    expect(await verify(given, body, [secret], Date.now() / 1000)).toMatchObject({ ok: true })
  }
  const post = () => api.post('/v1/events', { type: 'a.b', data: { n: 1 } })
  await post()
  const [first] = await receiver.waitFor(1)
  expect([first!.path, first!.headers['x-a']]).toEqual(['/one', '1'])
  await expectSigned(first!, endpoint.public_key)

  await api.patch(`/v1/endpoints/${endpoint.id}`, { url: `${other.url}/two`, headers: { 'x-a': '2' } })
  const rotated = await api.post(`/v1/endpoints/${endpoint.id}/rotate`, {
    overlap_seconds: 0,
    signing: 'hmac',
  })
  await post()
  const [second] = await other.waitFor(1)
  expect([second!.path, second!.headers['x-a']]).toEqual(['/two', '2'])
  await expectSigned(second!, rotated.body.secret)
})

test('four threads take no more connections to the database than one', async () => {
  const { db, client, receiver } = await setUp()
  const listener = await startListenerProcess(db.url, { OUTBOX_LISTENER_THREADS: '4' })
  await emitAtOnce(client, 500)
  await eventually(async () => (await deliveryStates(client)).delivered === 500)
  expect(receiver.requests).toHaveLength(500)
  const { rows } = await client.query(
    `select count(distinct application_name)::int as listeners, count(*)::int as sessions
     from pg_stat_activity where datname = current_database() and application_name like 'listener-%'`,
  )
  expect(rows[0].listeners).toBe(1)
  expect(rows[0].sessions).toBeLessThanOrEqual(6)
  if (process.platform === 'linux') expect(sendingThreads(listener)).toHaveLength(4)
})

test.runIf(process.platform === 'linux')('without the setting a listener starts no thread', async () => {
  const { db } = await setUp()
  const listener = await startListenerProcess(db.url)
  expect(sendingThreads(listener)).toEqual([])
  expect(await busySeconds(listener)).toEqual({})
})

describe('with requests in flight on two threads', () => {
  /** 30 requests that are answered when the test lets them. */
  async function withRequestsInFlight(env: Record<string, string> = {}) {
    const hold = Promise.withResolvers<void>()
    const respond: Respond = async ({ nth }) => {
      if (nth === 1) await hold.promise
      return 200
    }
    const { db, client, receiver } = await setUp(respond, { max_in_flight: 30 })
    const listener = await startListenerProcess(db.url, { ...twoThreads, ...env })
    await emitAtOnce(client, 60)
    await receiver.waitFor(30)
    return { db, client, receiver, listener, release: () => hold.resolve() }
  }

  test('SIGTERM finishes those of both threads, releases the rest, and exits with 0', async () => {
    const { client, receiver, listener, release } = await withRequestsInFlight()
    listener.signal('SIGTERM')
    await eventually(async () => (await deliveryStates(client)).pending === 30)
    release()
    expect(await listener.exited).toBe(0)
    expect(await deliveryStates(client)).toEqual({ delivered: 30, pending: 30 })
    expect(receiver.requests).toHaveLength(30)
    const { rows } = await client.query(
      `select count(*)::int as n from outbox.attempts a join outbox.events e on e.id = a.event_id
       where a.started_at < e.occurred_at`,
    )
    expect(rows[0].n).toBe(0)
  })

  test('after a kill, at most the requests in flight are sent again, and nothing is lost', async () => {
    const { db, client, receiver, listener, release } = await withRequestsInFlight()
    listener.signal('SIGKILL')
    expect(await listener.exited).toBe('SIGKILL')
    release()
    await endLeases(client)
    await startListenerProcess(db.url, twoThreads)
    await eventually(async () => (await deliveryStates(client)).delivered === 60)
    expect(receiver.requests).toHaveLength(90)
    expect(await attempts(client, `error = 'interrupted'`)).toBe(30)
  })

  test('when a thread dies, those of the others are finished, and the listener says so and exits with 1', async () => {
    const faults = temporaryDirectory()
    const { db, client, receiver, listener, release } = await withRequestsInFlight(threadFaults(faults))
    writeFileSync(join(faults, 'throws-2'), '')
    await eventually(async () => {
      const answer = await listener.ask('/readyz')
      expect([answer.status, await answer.text()]).toEqual([503, 'sending thread 2 has ended\n'])
    })
    release()
    expect(await listener.exited).toBe(1)
    const line = listener
      .said()
      .split('\n')
      .find(text => text.includes('a sending thread ended'))
    expect(JSON.parse(line!)).toMatchObject({ level: 60, thread: 2, error: 'Error' })
    expect(listener.said()).not.toContain('CANARY')
    expect(await deliveryStates(client)).toEqual({ delivered: 15, sending: 15, pending: 30 })
    await endLeases(client)
    await startListenerProcess(db.url, twoThreads)
    await eventually(async () => (await deliveryStates(client)).delivered === 60)
    expect(receiver.requests).toHaveLength(75)
    expect(await attempts(client, `error = 'interrupted'`)).toBe(15)
  })
})

describe('threads that hang', () => {
  /** Ten deliveries that were handed to threads and not begun. `goOn` ends that. */
  async function withHangingThreads() {
    const faults = temporaryDirectory()
    const { db, client, receiver } = await setUp()
    const listener = await startListenerProcess(db.url, { ...twoThreads, ...threadFaults(faults) })
    const livez = async () => {
      const answer = await listener.ask('/livez')
      return [answer.status, await answer.text()]
    }
    expect(await livez()).toEqual([200, 'alive\n'])
    for (const thread of [1, 2]) writeFileSync(join(faults, `hangs-${thread}`), '')
    await eventually(async () => expect(await livez()).toEqual([503, 'sending thread 1 does not answer\n']))
    await emitAtOnce(client, 10)
    await eventually(async () => (await metrics(listener)).includes('outbox_in_flight 10\n'))
    const handedAt = performance.now()
    const goOn = () => {
      for (const thread of [1, 2]) rmSync(join(faults, `hangs-${thread}`))
    }
    return { db, client, receiver, listener, livez, handedAt, goOn }
  }

  test('fail /livez until they go on; what they had not begun for seconds is released, and sent once', async () => {
    const { client, receiver, livez, goOn } = await withHangingThreads()
    // It takes longer to say so than what was handed over may wait.
    expect(await livez()).toEqual([503, 'sending thread 1 does not answer\n'])
    goOn()
    await eventually(async () => expect(await livez()).toEqual([200, 'alive\n']))
    await eventually(async () => (await deliveryStates(client)).delivered === 10)
    expect(receiver.requests).toHaveLength(10)
    expect(await attempts(client, 'true')).toBe(10)
  })

  test('send nothing of what another listener has sent meanwhile', async () => {
    const { db, client, receiver, listener, handedAt, goOn } = await withHangingThreads()
    listener.signal('SIGSTOP')
    await endLeases(client)
    await startListenerProcess(db.url, { OUTBOX_POLL_SECONDS: '0.2' })
    await eventually(async () => (await deliveryStates(client)).delivered === 10)
    // Longer than what was handed over may wait.
    await eventually(() => performance.now() - handedAt > 2_000)
    goOn()
    listener.signal('SIGCONT')
    listener.signal('SIGTERM')
    expect(await listener.exited).toBe(0)
    expect(receiver.requests).toHaveLength(10)
  })
})

function sendingThreads({ pid }: ListenerProcess): string[] {
  return readdirSync(`/proc/${pid}/task`)
    .map(thread => readFileSync(`/proc/${pid}/task/${thread}/comm`, 'utf8').trim())
    .filter(name => name.startsWith('outbox-sending'))
}

async function metrics(listener: ListenerProcess): Promise<string> {
  return (await listener.ask('/metrics')).text()
}

async function busySeconds(listener: ListenerProcess): Promise<Record<string, number>> {
  const found = (await metrics(listener)).matchAll(
    /^outbox_thread_busy_seconds_total\{thread="(\w+)"\} (\S+)$/gm,
  )
  return Object.fromEntries(Array.from(found, ([, thread, seconds]) => [thread, Number(seconds)]))
}

async function attempts(client: pg.Client, where: string): Promise<number> {
  const { rows } = await client.query(`select count(*)::int as n from outbox.attempts where ${where}`)
  return rows[0].n
}
