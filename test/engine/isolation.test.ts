// Bad receivers beside good ones: the good ones get every event while the bad ones misbehave. bench/ measures how fast, with
// five times the events.
import { describe, expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { hostile } from '../support/hostile.ts'
import { type ListenerProcess, startListenerProcess } from '../support/listener-process.ts'
import { addEndpoint, emitAtOnce, startTestListener } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'
import { setUp } from '../support/topology.ts'

describe('good endpoints beside bad ones', () => {
  test('fifteen endpoints get 200 events each while five others hang, drip, reset, answer 500 and never end', async () => {
    const db = await freshDatabase()
    const client = await db.connect()
    const bad = await startReceiver(hostile)
    const good = await startReceiver()
    for (const path of ['hang', 'drip-body', 'reset', 'status/500', 'flood'])
      await addEndpoint(client, { url: `${bad.url}/${path}` })
    for (let n = 1; n <= 15; n++) await addEndpoint(client, { url: `${good.url}/${n}` })
    await startTestListener(db.url, { OUTBOX_REQUEST_TIMEOUT_SECONDS: '30', OUTBOX_LEASE_SECONDS: '60' })
    await emitAtOnce(client, 200)
    await eventually(() => good.requests.length === 3_000, { timeoutMs: 60_000 })
    const perEndpoint = Map.groupBy(good.requests, r => r.path)
    for (const requests of perEndpoint.values())
      expect(new Set(requests.map(r => r.headers['webhook-id'])).size).toBe(200)
    // The endpoint that never answers has its share of requests and no more, and all of them are still open.
    const open = bad.requests.filter(r => r.path === '/hang')
    expect(open.length).toBeLessThanOrEqual(32)
    const { rows } = await client.query(`select count(*)::int as n from outbox.deliveries d
      join outbox.endpoints p on p.id = d.endpoint_id and p.url like '%/hang' where d.state = 'pending'`)
    expect(rows[0].n).toBe(200 - open.length)
    // Otherwise the listener's stop would wait for it.
    await bad.stop()
  })

  test('a locked row of one endpoint delays no other endpoint', async () => {
    const db = await freshDatabase()
    const client = await db.connect()
    const good = await startReceiver()
    const locked = await addEndpoint(client, { url: `${good.url}/locked` })
    for (let n = 1; n <= 15; n++) await addEndpoint(client, { url: `${good.url}/${n}` })
    const operator = await db.connect()
    await operator.query('begin')
    await operator.query('select from outbox.endpoints where id = $1 for update', [locked.id])
    await startTestListener(db.url)
    await emitAtOnce(client, 10)
    await eventually(() => good.requests.length === 160, { timeoutMs: 60_000 })
    await operator.query('rollback')
  })

  test('fifteen fast endpoints do not wait for a hundred rate-limited ones on the same listener', async () => {
    const db = await freshDatabase()
    const client = await db.connect()
    const good = await startReceiver()
    for (let n = 1; n <= 100; n++)
      await addEndpoint(client, { url: `${good.url}/slow/${n}`, rate_per_second: 0.01 })
    for (let n = 1; n <= 15; n++) await addEndpoint(client, { url: `${good.url}/fast/${n}` })
    await startTestListener(db.url)
    await emitAtOnce(client, 100)
    const sentTo = (path: string) => good.requests.filter(r => r.path.startsWith(path)).length
    await eventually(() => sentTo('/fast') === 1_500, { timeoutMs: 60_000 })
    await eventually(() => sentTo('/slow') === 100, { timeoutMs: 60_000 })
  })
})

describe('a rate limit of 60 a second', () => {
  /**
   * The maximum in one second: slots are 2 % further apart than the rate demands; a sender may be 100 ms late for its slot,
   * and may then send one more.
   */
  const maxPerSecond = Math.floor((60 / 1.02) * 1.1) + 1 + 2

  /** Two processes, so that a busy one does not disturb the time measurement of the other. */
  const startTwoListeners = async (events: number) => {
    const { db, client, receiver } = await setUp(undefined, { rate_per_second: 60 })
    const listeners = [await startListenerProcess(db.url), await startListenerProcess(db.url)]
    await emitAtOnce(client, events)
    return { receiver, listeners }
  }

  test('a rate limit holds over two listeners, in every second', async () => {
    const { receiver, listeners } = await startTwoListeners(150)
    await receiver.waitFor(150, { timeoutMs: 60_000 })
    const starts = await startsOf(listeners, 150)
    expect(maxInOneSecond(starts)).toBeLessThanOrEqual(maxPerSecond)
    expect(starts.at(-1)! - starts[0]!).toBeGreaterThan(2_200)
  })

  test('a rate limit holds while one or the other listener freezes, and missed slots are replaced', async () => {
    // Enough that there is always work besides the deliveries of the frozen listener.
    const count = 450
    const { receiver, listeners } = await startTwoListeners(count)
    for (let n = 1; n <= 6; n++) {
      await receiver.waitFor(n * 60, { timeoutMs: 60_000 })
      listeners[n % 2]!.signal('SIGSTOP')
      await receiver.waitFor(n * 60 + 30, { timeoutMs: 60_000 })
      listeners[n % 2]!.signal('SIGCONT')
    }
    await receiver.waitFor(count, { timeoutMs: 60_000 })
    expect(maxInOneSecond(await startsOf(listeners, count))).toBeLessThanOrEqual(maxPerSecond)
  })
})

/** The start of each request by the machine's clock: the receiver may see requests late, and so closer together. */
async function startsOf(listeners: ListenerProcess[], count: number): Promise<number[]> {
  const lines = await eventually(() => {
    const said = listeners.flatMap(listener =>
      listener
        .said()
        .split('\n')
        .filter(line => line.endsWith('"msg":"attempt"}')),
    )
    return said.length === count && said
  })
  return lines
    .map(line => JSON.parse(line))
    .map(({ time, duration_ms }) => Date.parse(time) - duration_ms)
    .sort((a, b) => a - b)
}

function maxInOneSecond(times: readonly number[]): number {
  return Math.max(...times.map(start => times.filter(time => time >= start && time < start + 1000).length))
}

test('every one of 2,000 endpoints with a backlog gets its turn', async () => {
  const db = await freshDatabase()
  const client = await db.connect()
  const receiver = await startReceiver()
  const { secret: _, id } = await addEndpoint(client, { url: `${receiver.url}/0`, state: 'paused' })
  await client.query(
    `insert into outbox.endpoints (url) select $1 || '/' || n from generate_series(1, 2000) as n`,
    [receiver.url],
  )
  await emitAtOnce(client, 2)
  await startTestListener(db.url, { OUTBOX_RETRY_SCHEDULE: '3600' })
  // They have no secret, so nothing is sent, but each gets its turn.
  await eventually(
    async () => {
      const { rows } = await client.query(
        `select count(distinct endpoint_id)::int as n from outbox.attempts where error = 'secret_unavailable'`,
      )
      return rows[0].n === 2_000
    },
    { timeoutMs: 60_000 },
  )
  const { rows } = await client.query(`select state from outbox.deliveries where endpoint_id = $1`, [id])
  expect(rows).toEqual([{ state: 'pending' }, { state: 'pending' }])
})
