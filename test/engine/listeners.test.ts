// Several listeners on one database: they come and go, and lose the database or their own network, while people replay and
// redeliver.
import { describe, expect, test } from 'vitest'
import { Link } from '../../chaos/link.ts'
import { addressOf } from '../../drizzle/identity.ts'
import { startApi } from '../functions/api.ts'
import { atEnd } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { startListenerProcess } from '../support/listener-process.ts'
import {
  addEndpoint,
  deliveryStates,
  emit,
  emitAtOnce,
  endLeases,
  startTestListener,
} from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'
import { setUp } from '../support/topology.ts'
import { startTunnel } from '../support/tunnel.ts'

const quick = { OUTBOX_POLL_SECONDS: '0.2' }
const inTime = { timeoutMs: 60_000 }
const soon = () => new Promise<number>(resolve => setTimeout(resolve, 20, 200))

describe('several listeners', () => {
  test('scaling from one listener to five and back gives each a share, and every event is sent once', async () => {
    const { db, client, receiver } = await setUp(soon)
    const listeners = [await startListenerProcess(db.url, quick)]
    await emitAtOnce(client, 100)
    await receiver.waitFor(50, inTime)
    listeners.push(...(await Promise.all([2, 3, 4, 5].map(() => startListenerProcess(db.url, quick)))))
    let events = 100
    await eventually(async () => {
      if ((await deliveryStates(client)).delivered! > events - 50)
        await emitAtOnce(client, 100).then(() => (events += 100))
      return listeners.every(listener => listener.said().includes('"msg":"attempt"'))
    }, inTime)
    for (const listener of listeners.slice(1)) listener.signal('SIGTERM')
    await emitAtOnce(client, 100)
    events += 100
    expect(await Promise.all(listeners.slice(1).map(listener => listener.exited))).toEqual([0, 0, 0, 0])
    await eventually(async () => (await deliveryStates(client)).delivered === events, inTime)
    expect(receiver.requests).toHaveLength(events)
  })

  test('a listener that loses the database after sending sends nothing more, and another sends again under the same ids', async () => {
    const hold = Promise.withResolvers<void>()
    const { db, client, receiver } = await setUp(async ({ nth }) => {
      if (nth === 1 && receiver.requests.length <= 10) await hold.promise
      return 200
    })
    const url = new URL(db.url)
    const link = await Link.open(Number(url.port))
    atEnd(() => link.close())
    url.port = String(link.port)
    const cutOff = await startListenerProcess(url.href, quick)
    // While it is there, it vouches for the address of the other one: later nobody could.
    const address = addressOf(db.url)
    await eventually(async () => {
      const { rows } = await client.query(`select outbox.identify($1, 'listener:2') as verdict`, [address])
      return rows[0].verdict === 'same'
    }, inTime)
    await emitAtOnce(client, 10)
    await receiver.waitFor(10)
    link.set({ kind: 'black hole' })
    hold.resolve()
    await emitAtOnce(client, 20)
    await endLeases(client)
    await startListenerProcess(db.url, quick)
    await eventually(async () => (await deliveryStates(client)).delivered === 30, inTime)
    link.clear()
    await eventually(async () => (await cutOff.ask('/readyz')).status === 200, inTime)
    await emitAtOnce(client, 5)
    await eventually(async () => (await deliveryStates(client)).delivered === 35, inTime)
    expect(receiver.requests).toHaveLength(45)
    expect(new Set(receiver.requests.map(r => r.headers['webhook-id'])).size).toBe(35)
  })

  test('a listener without its own network counts few attempts, and another listener delivers', async () => {
    const { db, client, receiver } = await setUp()
    const all = [receiver, ...(await Promise.all([1, 2, 3].map(() => startReceiver())))]
    for (const { url } of all.slice(1)) await addEndpoint(client, { url })
    const network = await startTunnel()
    // Requests may wait 5 s for a connection before the outage is detected: until then failures count as attempts.
    const env = { ...quick, OUTBOX_RETRY_SCHEDULE: '1,2,4,8,16' }
    const cutOff = await startListenerProcess(db.url, { ...env, OUTBOX_EGRESS_PROXY: network.url })
    await emit(client)
    await eventually(async () => (await deliveryStates(client)).delivered === 4)
    await startListenerProcess(db.url, env)
    network.cut()
    for (let n = 0; n < 10; n++) {
      await emitAtOnce(client, 10)
      await eventually(async () => (await deliveryStates(client)).delivered! > n * 20)
    }
    await eventually(async () => expect(await deliveryStates(client)).toEqual({ delivered: 404 }), inTime)
    const { rows } = await client.query(`
      select max(attempt - retry_base)::int <= 4 as excused,
             (select count(*)::int from outbox.endpoints where state <> 'active') as not_active
      from outbox.deliveries`)
    expect(rows).toEqual([{ excused: true, not_active: 0 }])
    const failed = cutOff
      .said()
      .split('\n')
      .filter(line => line.includes('"outcome":"connection"'))
    expect(failed.length).toBeGreaterThan(0)
    expect(failed.length).toBeLessThan(200)
  })

  test('another listener continues a replay after the one that ran it is killed', async () => {
    const { db, client, receiver, endpoint } = await setUp()
    await emitAtOnce(client, 300)
    const listeners = await Promise.all([1, 2].map(() => startListenerProcess(db.url, quick)))
    await eventually(async () => (await deliveryStates(client)).delivered === 300, inTime)
    await client.query(
      `insert into outbox.replays (endpoint_id, since, until, scope, rate_per_second)
       values ($1, now() - interval '1 day', now() + interval '1 day', 'all', 100)`,
      [endpoint.id],
    )
    await receiver.waitFor(350, inTime)
    listeners[0]!.signal('SIGKILL')
    await eventually(async () => {
      const { rows } = await client.query('select state, replayed::int from outbox.replays')
      expect(rows).toEqual([{ state: 'done', replayed: 300 }])
    }, inTime)
    await endLeases(client, `lease not like 'x%'`)
    await eventually(async () => (await deliveryStates(client)).delivered === 300, inTime)
    expect(
      Math.min(
        ...[...Map.groupBy(receiver.requests, r => r.headers['webhook-id']).values()].map(rs => rs.length),
      ),
    ).toBe(2)
  })
})

test('redeliveries and replays during retries never cause two requests of one delivery at once, and each request is recorded as an attempt', async () => {
  const api = await startApi()
  const inFlight = new Map<unknown, number>()
  let maxInFlight = 0
  const receiver = await startReceiver(async ({ nth, headers }) => {
    const id = headers['webhook-id']
    inFlight.set(id, (inFlight.get(id) ?? 0) + 1)
    maxInFlight = Math.max(maxInFlight, inFlight.get(id)!)
    await soon()
    inFlight.set(id, inFlight.get(id)! - 1)
    // Never ten failures in a row: they would open the circuit breaker for longer than this test waits.
    return [1, 3, 5].includes(nth) ? 500 : 200
  })
  const endpoint = (
    await api.post('/v1/endpoints', { url: `${receiver.url}/hook`, retry_schedule: [0.05, 0.05, 0.05, 0.05] })
  ).body.id
  const listeners = [
    await startTestListener(api.database.url, quick),
    await startTestListener(api.database.url, quick),
  ]
  expect(listeners).toHaveLength(2)
  for (let n = 0; n < 5; n++) await api.post('/v1/events', { type: 'a', data: { n } })
  await receiver.waitFor(5)
  const { rows } = await api.db.query(`select e.id from outbox.events e`)
  expect(rows).toHaveLength(5)
  const ids = [...new Set(receiver.requests.map(r => r.headers['outbox-delivery'] as string))]
  const since = new Date(Date.now() - 3_600_000).toISOString()
  const answers = new Set<number>()
  for (let n = 0; n < 24; n++) {
    const asked = await Promise.all([
      api.call('POST', `/v1/deliveries/${ids[n % ids.length]}/redeliver`),
      n % 6 === 0 ? api.post(`/v1/endpoints/${endpoint}/replay`, { since, only: 'all' }) : null,
    ])
    for (const answer of asked) if (answer) answers.add(answer.status)
  }
  expect([...answers].filter(status => ![202, 409, 429].includes(status))).toEqual([])
  await eventually(async () => {
    expect(await deliveryStates(api.db)).toEqual({ delivered: 5 })
    expect((await api.db.query(`select from outbox.replays where state = 'running'`)).rowCount).toBe(0)
  }, inTime)
  expect(maxInFlight).toBe(1)
  const attempts = await api.db.query('select count(*)::int as n from outbox.attempts')
  expect(attempts.rows[0].n).toBe(receiver.requests.length)
  expect(receiver.requests.length).toBeGreaterThanOrEqual(20)
})
