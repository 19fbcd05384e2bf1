// The cron function in real workerd: it covers for a missing listener, and keeps to the platform's limits.
import { describe, expect, test } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import {
  addEndpoint,
  deliveryStates,
  emit,
  emitAtOnce,
  endLeases,
  greedy,
  startTestListener,
  storeOn,
} from '../../support/outbox.ts'
import { ok, startRawReceiver } from '../../support/raw-receiver.ts'
import { startReceiver } from '../../support/receiver.ts'
import { failure } from '../../support/settlements.ts'
import { startWorker } from '../../support/worker.ts'
import { startApi } from '../api.ts'

describe('the cron function', () => {
  test('delivers new events without a listener, signed, and records itself as the sender', async () => {
    const { api, receiver } = await scene()
    const [id] = await emit(api.db)
    expect(await api.worker.scheduled()).toBe('ok')
    expect(receiver.requests.map(r => r.headers['webhook-id'])).toEqual([id])
    expect(receiver.requests[0]!.headers['webhook-signature']).toMatch(/^v1,/)
    const { rows } = await api.db.query('select number, sender, error from outbox.attempts')
    expect(rows).toEqual([{ number: 1, sender: 'cron', error: null }])
    expect(await deliveryStates(api.db)).toEqual({ delivered: 1 })
  })

  test('delivers once to a receiver that sends 100 Continue unasked', async () => {
    const { api } = await scene()
    const raw = await startRawReceiver(socket => {
      socket.write(`HTTP/1.1 100 Continue\r\n\r\n${ok()}`)
    })
    await api.db.query('update outbox.endpoints set url = $1', [`http://127.0.0.1:${raw.port}/`])
    await emit(api.db, 5)
    await api.worker.scheduled()
    expect(await deliveryStates(api.db)).toEqual({ delivered: 5 })
    expect(raw.requests).toHaveLength(5)
  })

  test('redelivers what failed, and rescues what a dead listener held', async () => {
    const { api, receiver } = await scene()
    const store = storeOn(api.db)
    await emit(api.db, 2)
    const { deliveries } = await store.take(greedy('listener-x:1', { leaseSeconds: 0, leaseLimit: 2 }))
    await store.settleIfLeased([failure(deliveries[0]!, { retryInSeconds: 0 })])
    await api.worker.scheduled()
    expect(receiver.requests.map(r => r.headers['outbox-attempt']).sort()).toEqual(['2', '2'])
    const { rows } = await api.db.query('select error from outbox.attempts where number = 1 order by error')
    expect(rows).toEqual([{ error: 'interrupted' }, { error: 'timeout' }])
  })

  test('delivers all waiting events of a key in one run, in their order', async () => {
    const { api, receiver } = await scene()
    await api.db.query(`update outbox.endpoints set ordering = 'key'`)
    await emit(api.db, 8, { key: () => 'k' })
    await api.worker.scheduled()
    expect(receiver.requests.map(r => JSON.parse(r.body.toString()).data.n)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })

  test('has at most six requests in flight', async () => {
    let underWay = 0
    let most = 0
    const six = Promise.withResolvers<void>()
    const { api } = await scene(
      async () => {
        most = Math.max(most, ++underWay)
        if (underWay === 6) six.resolve()
        await six.promise
        underWay--
        return 200
      },
      { endpoints: 4, OUTBOX_CRON_SUBREQUESTS: '900' },
    )
    await emitAtOnce(api.db, 20)
    await api.worker.scheduled()
    expect(await deliveryStates(api.db)).toEqual({ delivered: 80 })
    expect(most).toBe(6)
  })

  test('stops before it runs out of subrequests and releases what it did not send, and the next run goes on', async () => {
    const { api, receiver } = await scene(undefined, { OUTBOX_CRON_SUBREQUESTS: '30' })
    await emitAtOnce(api.db, 100)
    await api.worker.scheduled()
    const first = receiver.requests.length
    expect(first).toBeGreaterThan(10)
    expect(first).toBeLessThan(30)
    expect((await deliveryStates(api.db)).sending).toBeUndefined()
    expect(api.worker.logs().some(line => line.includes('"stopped":"subrequests"'))).toBe(true)
    for (let run = 0; run < 10; run++) await api.worker.scheduled()
    expect(await deliveryStates(api.db)).toEqual({ delivered: 100 })
    expect(receiver.requests).toHaveLength(100)
  })

  test('keeps to its subrequests when what it sends succeeds, fails, and heals an endpoint, all in one batch', async () => {
    const { api } = await scene(received => (received.nth % 3 === 0 ? 500 : 200), {
      endpoints: 3,
      OUTBOX_CRON_SUBREQUESTS: '30',
    })
    await api.db.query(`update outbox.endpoints set retry_schedule = array_fill(0.001, array[50])`)
    for (let run = 0; run < 8; run++) {
      await emitAtOnce(api.db, 10)
      await api.worker.scheduled()
    }
    const spent = api.worker
      .logs()
      .flatMap(line => Array.from(line.matchAll(/"subrequests":(\d+)/g), ([, n]) => Number(n)))
    expect(spent).toHaveLength(8)
    expect(Math.max(...spent)).toBeLessThanOrEqual(30)
    expect(Math.max(...spent)).toBeGreaterThan(24)
  })

  test('leaves nothing stuck when it is killed: a later run rescues what it held, and delivers', async () => {
    const never = Promise.withResolvers<number>()
    const { api, receiver } = await scene(received => (received.nth === 1 ? never.promise : 200))
    await emit(api.db, 3)
    const killed = api.worker.scheduled().catch(() => 'killed')
    await receiver.waitFor(3)
    await api.worker.close()
    await killed
    expect(await deliveryStates(api.db)).toEqual({ sending: 3 })

    const next = await startWorker(api.database.env)
    expect(await next.scheduled()).toBe('ok')
    expect(await deliveryStates(api.db), 'the leases still hold').toEqual({ sending: 3 })
    await endLeases(api.db)
    expect(await next.scheduled()).toBe('ok')
    expect(await deliveryStates(api.db)).toEqual({ delivered: 3 })
    expect(receiver.requests).toHaveLength(6)
    const { rows } = await api.db.query(
      'select number, error, count(*)::int as n from outbox.attempts group by 1, 2 order by 1',
    )
    expect(rows).toEqual([
      { number: 1, error: 'interrupted', n: 3 },
      { number: 2, error: null, n: 3 },
    ])
  })

  test('ten runs at once beside two listeners send each of 1,000 due deliveries exactly once', async () => {
    // A busy machine may take seconds for a request. One that times out would be sent again, as it should.
    const patient = { OUTBOX_REQUEST_TIMEOUT_SECONDS: '30' }
    const { api, receiver } = await scene(undefined, {
      endpoints: 4,
      OUTBOX_CRON_SUBREQUESTS: '900',
      ...patient,
    })
    const store = storeOn(api.db)
    await emitAtOnce(api.db, 250)
    await store.take(greedy('setup:1', { leaseLimit: 0 }))
    await api.db.query(`insert into outbox.attempt_rows (endpoint_id, event_id, number, sender, started_at, error)
      select endpoint_id, event_id, 1, 'listener', now(), 'timeout' from outbox.deliveries`)
    await api.db.query(`update outbox.delivery_rows set attempt = 1, reason = 'timeout'`)
    await Promise.all([
      startTestListener(api.database.url, patient),
      startTestListener(api.database.url, patient),
      ...Array.from({ length: 10 }, () => api.worker.scheduled()),
    ])
    await eventually(async () => (await deliveryStates(api.db)).delivered === 1_000, {
      timeoutMs: 60_000,
    })
    expect(receiver.requests).toHaveLength(1_000)
  })
})

async function scene(
  respond?: Parameters<typeof startReceiver>[0],
  { endpoints = 1, ...env }: { endpoints?: number } & Record<string, unknown> = {},
) {
  const api = await startApi(env as Record<string, string>)
  const receiver = await startReceiver(respond)
  for (let n = 1; n <= endpoints; n++) await addEndpoint(api.db, { url: `${receiver.url}/${n}` })
  return { api, receiver }
}
