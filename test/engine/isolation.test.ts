// Bad receivers beside good ones: the good ones get everything while the bad ones are still being bad. How fast is measured
// in bench/.
import { describe, expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { hostile } from '../support/hostile.ts'
import { addEndpoint, emitAtOnce, startTestReplica } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'

describe('fifteen good endpoints', () => {
  test('get 1,000 events each while one never answers, one drips, one resets, one answers 500, one never ends', async () => {
    const db = await freshDatabase()
    const client = await db.connect()
    const bad = await startReceiver(hostile)
    const good = await startReceiver()
    for (const path of ['hang', 'drip-body', 'reset', 'status/500', 'flood'])
      await addEndpoint(client, { url: `${bad.url}/${path}` })
    for (let n = 1; n <= 15; n++) await addEndpoint(client, { url: `${good.url}/${n}` })
    await startTestReplica(db.url, { OUTBOX_REQUEST_TIMEOUT_SECONDS: '30', OUTBOX_LEASE_SECONDS: '60' })
    await emitAtOnce(client, 1_000)
    await eventually(() => good.requests.length === 15_000, { timeoutMs: 30_000 })
    const perEndpoint = Map.groupBy(good.requests, r => r.path)
    for (const requests of perEndpoint.values())
      expect(new Set(requests.map(r => r.headers['webhook-id'])).size).toBe(1_000)
    // The one that never answers has had its share and no more, and all of it is still open.
    const open = bad.requests.filter(r => r.path === '/hang')
    expect(open.length).toBeLessThanOrEqual(32)
    const { rows } = await client.query(`select count(*)::int as n from outbox.deliveries d
      join outbox.endpoints p on p.id = d.endpoint_id and p.url like '%/hang' where d.state = 'pending'`)
    expect(rows[0].n).toBe(1_000 - open.length)
    // A stop would wait for it.
    await bad.stop()
  }, 60_000)

  test('are not held up by one endpoint’s row that somebody has locked', async () => {
    const db = await freshDatabase()
    const client = await db.connect()
    const good = await startReceiver()
    const locked = await addEndpoint(client, { url: `${good.url}/locked` })
    for (let n = 1; n <= 15; n++) await addEndpoint(client, { url: `${good.url}/${n}` })
    const operator = await db.connect()
    await operator.query('begin')
    await operator.query('select from outbox.endpoints where id = $1 for update', [locked.id])
    await startTestReplica(db.url)
    await emitAtOnce(client, 10)
    await eventually(() => good.requests.length === 160)
    await operator.query('rollback')
  })

  test('and a hundred that are rate-limited share one listener without waiting for each other', async () => {
    const db = await freshDatabase()
    const client = await db.connect()
    const good = await startReceiver()
    for (let n = 1; n <= 100; n++)
      await addEndpoint(client, { url: `${good.url}/slow/${n}`, rate_per_second: 0.01 })
    for (let n = 1; n <= 15; n++) await addEndpoint(client, { url: `${good.url}/fast/${n}` })
    await startTestReplica(db.url)
    await emitAtOnce(client, 100)
    await eventually(() => good.requests.filter(r => r.path.startsWith('/fast')).length === 1_500)
    await eventually(() => good.requests.filter(r => r.path.startsWith('/slow')).length === 100)
  })
})

test('a rate limit holds over two listeners: never more than the rate in any one second', async () => {
  const db = await freshDatabase()
  const client = await db.connect()
  const receiver = await startReceiver()
  await addEndpoint(client, { url: receiver.url, rate_per_second: 20 })
  await Promise.all([startTestReplica(db.url), startTestReplica(db.url)])
  await emitAtOnce(client, 50)
  await receiver.waitFor(50, { timeoutMs: 10_000 })
  const times = receiver.requests.map(r => r.at).sort((a, b) => a - b)
  const most = Math.max(...times.map(start => times.filter(t => t >= start && t < start + 1000).length))
  // The slots are exact (test/drizzle/guards.test.ts); this process is busy with all else, and may see requests late and
  // so closer together than they were sent.
  expect(most).toBeLessThanOrEqual(24)
  expect(times.at(-1)! - times[0]!).toBeGreaterThan(2_200)
})

test('work flows to each of 2,000 endpoints with a backlog', async () => {
  const db = await freshDatabase()
  const client = await db.connect()
  const receiver = await startReceiver()
  const { secret: _, id } = await addEndpoint(client, { url: `${receiver.url}/0`, state: 'paused' })
  await client.query(
    `insert into outbox.endpoints (url) select $1 || '/' || n from generate_series(1, 2000) as n`,
    [receiver.url],
  )
  await emitAtOnce(client, 2)
  await startTestReplica(db.url, { OUTBOX_RETRY_SCHEDULE: '3600' })
  // They have no secret, so nothing is sent; but each has its turn.
  await eventually(
    async () => {
      const { rows } = await client.query(
        `select count(distinct endpoint_id)::int as n from outbox.attempts where error = 'secret_unavailable'`,
      )
      return rows[0].n === 2_000
    },
    { timeoutMs: 15_000 },
  )
  const { rows } = await client.query(`select state from outbox.deliveries where endpoint_id = $1`, [id])
  expect(rows).toEqual([{ state: 'pending' }, { state: 'pending' }])
})
