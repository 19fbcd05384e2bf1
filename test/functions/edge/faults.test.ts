// Edge sending when things break: nothing is lost, every request is recorded as an attempt, and caps are kept.
import { describe, expect, test } from 'vitest'
import { startEdgeApi, startEdgeWorker } from '../../support/edge.ts'
import { eventually } from '../../support/eventually.ts'
import { addEndpoint, deliveryStates, emit, emitAtOnce, endLeases } from '../../support/outbox.ts'
import { type Respond, startReceiver } from '../../support/receiver.ts'
import { startSqlProxy } from '../../support/sql-proxy.ts'

const inTime = { timeoutMs: 60_000 }
/** A rescued delivery goes out again soon. */
const env = { OUTBOX_RETRY_SCHEDULE: '0.1,0.1,0.1,0.1' }

async function scene(respond?: Respond, more: Record<string, string> = {}) {
  const api = await startEdgeApi({ ...env, ...more })
  const receiver = await startReceiver(respond)
  const endpoint = await addEndpoint(api.db, { url: receiver.url })
  return { api, receiver, endpoint }
}

type Scene = Awaited<ReturnType<typeof scene>>

/** As a minute later: leases are over, and the cron function rescues what they held. */
async function aMinuteLater({ api }: Pick<Scene, 'api'>): Promise<void> {
  await endLeases(api.db)
  await api.worker.scheduled()
}

async function everythingIsDelivered({ api, receiver }: Pick<Scene, 'api' | 'receiver'>, count: number) {
  await eventually(async () => expect(await deliveryStates(api.db)).toEqual({ delivered: count }), inTime)
  const { rows } = await api.db.query('select number, count(*)::int as n from outbox.attempts group by 1')
  const recorded = new Map(rows.map(({ number, n }) => [String(number), n]))
  const sent = receiver.requests.map(({ headers }) => [headers['webhook-id'], headers['outbox-attempt']])
  expect(new Set(sent.map(String)).size, 'each request has a number of its own').toBe(sent.length)
  for (const [number, requests] of Map.groupBy(sent, ([, number]) => String(number)))
    expect(recorded.get(number), `recorded with number ${number}`).toBeGreaterThanOrEqual(requests.length)
  expect(new Set(sent.map(([id]) => id)).size).toBe(count)
}

const failed = 'a consumer failed'
/** Words that stand in no other statement. */
const claim = 'locked_lane as materialized'
const dueLanes = 'as is_restrained'
const settle = 'not exists (select from unhealthy) as healthy'

describe('nothing is lost when a consumer fails', () => {
  test.each([
    ['when it has claimed, and the answer is lost', claim, 'after', 0],
    ['after its requests, before they are recorded', settle, 'before', 10],
    ['after its requests, when they are recorded and the answer is lost', settle, 'after', 0],
  ] as const)('%s', async (_, words, when, maxRepeats) => {
    const proxy = await startSqlProxy()
    const run = await scene(undefined, { NEON_PROXY: proxy.url })
    await emitAtOnce(run.api.db, 10)
    proxy.breakNext(words, when)
    await run.api.post('/v1/ring', undefined)
    await eventually(() => run.api.worker.logs().some(line => line.includes(failed)), inTime)
    expect(proxy.broken).toBe(1)
    await aMinuteLater(run)
    await everythingIsDelivered(run, 10)
    expect(run.receiver.requests.length - 10).toBeLessThanOrEqual(maxRepeats)
  })

  test('within its requests: what it has recorded is not sent again, and what it has not is', async () => {
    const proxy = await startSqlProxy()
    const run = await scene(
      () => {
        if (run.receiver.requests.length === 7) proxy.breakNext(settle, 'before')
        return 200
      },
      { NEON_PROXY: proxy.url },
    )
    await emitAtOnce(run.api.db, 20)
    await run.api.post('/v1/ring', undefined)
    await eventually(() => run.api.worker.logs().some(line => line.includes(failed)), inTime)
    expect(await deliveryStates(run.api.db)).toEqual({ delivered: 6, sending: 14 })
    await aMinuteLater(run)
    await everythingIsDelivered(run, 20)
    expect(run.receiver.requests).toHaveLength(34)
  })

  test('before it has claimed: another one comes in seconds, without a ring', async () => {
    const proxy = await startSqlProxy()
    const run = await scene(undefined, { NEON_PROXY: proxy.url })
    await emitAtOnce(run.api.db, 10)
    proxy.breakNext(claim, 'before')
    await run.api.post('/v1/ring', undefined)
    await eventually(() => proxy.broken === 1, inTime)
    const brokenAt = Date.now()
    await run.receiver.waitFor(1, inTime)
    expect(run.receiver.requests[0]!.at - brokenAt).toBeLessThan(30_000) // a token that is lost costs a minute
    await everythingIsDelivered(run, 10)
    expect(run.receiver.requests).toHaveLength(10)
  })
})

test('a dispatcher that has failed looks again in seconds, without a ring', async () => {
  const proxy = await startSqlProxy()
  const run = await scene(undefined, { NEON_PROXY: proxy.url })
  await emitAtOnce(run.api.db, 10)
  proxy.breakNext(dueLanes, 'before')
  await run.api.post('/v1/ring', undefined)
  await everythingIsDelivered(run, 10)
  expect(proxy.broken).toBe(1)
  expect(run.receiver.requests).toHaveLength(10)
})

test('a token that comes twice at once is used once', async () => {
  let inFlight = 0
  let most = 0
  const run = await scene(async () => {
    most = Math.max(most, ++inFlight)
    await new Promise(resolve => setTimeout(resolve, 20))
    inFlight--
    return 200
  })
  await run.api.db.query('update outbox.endpoints set max_in_flight = 4')
  await emitAtOnce(run.api.db, 200)
  await run.api.post('/v1/ring', undefined)
  await run.receiver.waitFor(20)
  for (const id of [1, 1, 1, 2, 7]) {
    const token = { id, endpointId: run.endpoint.id, slots: 4 }
    await run.api.worker.enqueue('OUTBOX_QUEUE', token)
    await run.api.worker.enqueue('OUTBOX_SLOW_QUEUE', token)
  }
  await everythingIsDelivered(run, 200)
  expect(run.receiver.requests).toHaveLength(200)
  expect(most).toBe(4)
})

test('workerd is killed while it sends: another one sends everything, and what was under way shows as interrupted', async () => {
  const never = Promise.withResolvers<number>()
  const run = await scene(({ nth }) => (nth === 1 && run.receiver.requests.length <= 6 ? never.promise : 200))
  await emit(run.api.db, 20)
  await run.api.post('/v1/ring', undefined)
  await run.receiver.waitFor(6)
  await run.api.worker.close()
  never.resolve(200)
  const worker = await startEdgeWorker({ ...run.api.database.env, ...env })
  const api = { ...run.api, worker }
  await aMinuteLater({ api })
  await everythingIsDelivered({ api, receiver: run.receiver }, 20)
  const { rows } = await api.db.query(
    `select count(*)::int as n from outbox.attempts where error = 'interrupted'`,
  )
  expect(rows[0].n).toBeGreaterThanOrEqual(6)
})

test('what is in a queue and is no token does no harm', async () => {
  const run = await scene()
  for (const body of [null, 'x', { id: 'x' }, { id: 1 }, { id: 99, endpointId: 'drop', slots: 6 }])
    await run.api.worker.enqueue('OUTBOX_QUEUE', body)
  await run.api.post('/v1/events', { type: 'a', data: {} })
  await everythingIsDelivered(run, 1)
})
