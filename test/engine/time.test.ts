// Wrong clocks, clocks that are set, and special times. Listeners are separate processes with their own clock; leases and
// due times follow the database's time, so the tests can move them.
import { describe, expect, test } from 'vitest'
import { wrongClock } from '../../chaos/skewed-clock.ts'
import { eventually } from '../support/eventually.ts'
import { startListenerProcess } from '../support/listener-process.ts'
import { deliveryStates, emit, emitAtOnce, greedy, startTestListener, storeOn } from '../support/outbox.ts'
import { setUp } from '../support/topology.ts'
import { faultsOf } from '../support/verifier.ts'

const quick = { OUTBOX_POLL_SECONDS: '0.2', OUTBOX_RETRY_SCHEDULE: '1', OUTBOX_REQUEST_TIMEOUT_SECONDS: '5' }
const hour = 3600

describe('a wrong clock', () => {
  test.each([
    ['two hours ahead', 2 * hour, 'ahead of'],
    ['two hours behind', -2 * hour, 'behind'],
  ])(
    'a listener whose clock is %s keeps leases and schedules, and raises an alarm',
    async (_, offSeconds, direction) => {
      const hold = Promise.withResolvers<void>()
      const { db, client, receiver } = await setUp(async ({ nth }) => {
        if (nth === 1) return 500
        await hold.promise
        return 200
      })
      // None may end by itself while all are looked at, however busy the machine is.
      const patient = { ...quick, OUTBOX_REQUEST_TIMEOUT_SECONDS: '20' }
      const wrong = await startListenerProcess(db.url, { ...patient, ...wrongClock({ offSeconds }) })
      // Too few to open the circuit breaker.
      await emitAtOnce(client, 9)
      await receiver.waitFor(9)
      const right = await startListenerProcess(db.url, patient)
      const requests = await receiver.waitFor(18, { timeoutMs: 60_000 })
      // Some time with all of them in flight: a listener that thought their leases over would rescue them and send again.
      await eventually(
        async () =>
          (await client.query('select from outbox.deliveries where leased_until < now() + interval $$58 s$$'))
            .rowCount === 9,
        { timeoutMs: 60_000 },
      )
      expect(receiver.requests).toHaveLength(18)
      hold.resolve()
      await eventually(async () => (await deliveryStates(client)).delivered === 9)
      const first = new Map(requests.slice(0, 9).map(r => [r.headers['webhook-id'], r.at]))
      for (const { headers, at } of requests.slice(9))
        expect(at - first.get(headers['webhook-id'])!).toBeGreaterThanOrEqual(790)
      // Only the timestamp in the signature uses its clock, which is the reason for the alarm.
      const offs = requests.map(r => Math.round(Number(r.headers['webhook-timestamp']) - r.at / 1000))
      const signs = offs.map(off => (Math.abs(off) < 5 ? 0 : Math.sign(off)))
      expect(new Set(signs.slice(0, 9))).toEqual(new Set([Math.sign(offSeconds)]))
      for (const sign of signs) expect([0, Math.sign(offSeconds)]).toContain(sign)

      const answer = await wrong.ask('/readyz')
      expect(answer.status).toBe(503)
      expect(await answer.text()).toMatch(
        new RegExp(`^this clock is 7(19|20)\\d s ${direction} the database's`),
      )
      expect(wrong.said()).toMatch(/"level":50.*"skew_seconds":-?7(19|20)\d/)
      expect(await (await wrong.ask('/metrics')).text()).toMatch(/^outbox_clock_skew_seconds -?7(19|20)\d/m)
      expect((await right.ask('/readyz')).status).toBe(200)
    },
  )

  test('a clock set back an hour while the listener runs delays no retry and makes no duration negative', async () => {
    const { db, client, receiver } = await setUp(({ nth }) => (nth === 1 ? 500 : 200))
    const listener = await startListenerProcess(db.url, { ...quick, ...wrongClock({ stepSeconds: -hour }) })
    await emitAtOnce(client, 9)
    await receiver.waitFor(9)
    listener.signal('SIGUSR2')
    await receiver.waitFor(18)
    await eventually(async () => (await deliveryStates(client)).delivered === 9)
    const { rows } = await client.query(`
      select min(duration_ms) >= 0 as never_negative, max(duration_ms) < 5000 as never_long,
             min(started_at) > clock_timestamp() - interval '1 minute' and max(started_at) <= clock_timestamp() as true_times
      from outbox.attempts`)
    expect(rows).toEqual([{ never_negative: true, never_long: true, true_times: true }])
    await eventually(async () => (await listener.ask('/readyz')).status === 503)
  })
})

test('after a suspension of the whole machine, each expired lease is rescued once, and retries stay bounded', async () => {
  const { db, client, receiver } = await setUp(({ nth }) =>
    nth === 1 && receiver.requests.length <= 32 ? null : 200,
  )
  const listeners = [await startListenerProcess(db.url, quick), await startListenerProcess(db.url, quick)]
  await eventually(async () => (await listeners[0]!.ask('/readyz')).status === 200)
  await emitAtOnce(client, 500)
  await receiver.waitFor(32)
  for (const listener of listeners) listener.signal('SIGSTOP')
  await client.query(
    `update outbox.delivery_rows set due_at = due_at - interval '10 minutes', leased_until = leased_until - interval '10 minutes'`,
  )
  await client.query(`update outbox.delivery_groups set leased_until = leased_until - interval '10 minutes'`)
  // The machine's clock goes on meanwhile: deliveries claimed but not sent are now too old to send.
  await client.query('select pg_sleep(2.5)')
  for (const listener of listeners) listener.signal('SIGCONT')
  await eventually(async () => (await deliveryStates(client)).delivered === 500, { timeoutMs: 60_000 })
  // The requests without an answer are sent a second time, but no third time.
  expect(Math.max(...receiver.requests.map(r => r.nth))).toBeLessThanOrEqual(2)
  // As many again may have had an answer that was not yet recorded.
  expect(receiver.requests.length).toBeLessThanOrEqual(500 + 2 * 32)
  const { rows } = await client.query('select count(*)::int as n from outbox.attempts where number > 2')
  expect(rows).toEqual([{ n: 0 }])
})

describe('webhook-timestamp', () => {
  test('webhook-timestamp is the time of the attempt, even for an event three days old', async () => {
    const { db, client, receiver, endpoint } = await setUp()
    const [id] = await emit(client)
    await client.query(`update outbox.events set occurred_at = occurred_at - interval '3 days'`)
    await startTestListener(db.url)
    const [request] = await receiver.waitFor(1)
    expect(request!.headers['webhook-id']).toBe(id)
    expect(faultsOf(request!, endpoint.secret)).toEqual([])
    const { timestamp } = JSON.parse(request!.body.toString())
    expect((Date.now() - Date.parse(timestamp)) / 1000 / hour).toBeCloseTo(72, 1)
  })

  test.each([
    ['after the 32-bit clock has run out', '2038-01-20T00:00:00Z'],
    ['on a leap day', '2028-02-29T23:59:30Z'],
  ])('webhook-timestamp is right %s', async (_, day) => {
    const { db, client, receiver, endpoint } = await setUp()
    const offSeconds = (Date.parse(day) - Date.now()) / 1000
    await startListenerProcess(db.url, wrongClock({ offSeconds }))
    await emit(client)
    const [request] = await receiver.waitFor(1)
    const arrived = request!.at + offSeconds * 1000
    expect(Math.abs(Number(request!.headers['webhook-timestamp']) - arrived / 1000)).toBeLessThan(5)
    expect(faultsOf({ ...request!, at: arrived }, endpoint.secret)).toEqual([])
    await eventually(async () => (await deliveryStates(client)).delivered === 1)
  })
})

test("an event's timestamp is in UTC whatever the database's time zone, and distinguishes the repeated hour", async () => {
  const { db, client, receiver } = await setUp()
  await client.query(
    `do $$ begin execute format('alter database %I set timezone = ''Europe/Berlin''', current_database()); end $$`,
  )
  const times = [
    '2027-10-31T00:30:00Z',
    '2027-10-31T01:30:00Z',
    '2027-03-28T01:30:00Z',
    '2028-02-29T12:00:00Z',
    '2038-01-19T03:14:08Z',
  ]
  await emit(client, times.length)
  await client.query(
    `update outbox.events e set occurred_at = t.at from unnest($1::timestamptz[]) with ordinality as t (at, n) where (e.data ->> 'n')::int = t.n`,
    [times],
  )
  await startTestListener(db.url)
  const requests = await receiver.waitFor(times.length)
  const told = requests.map(r => JSON.parse(r.body.toString()).timestamp)
  expect(told.sort()).toEqual(times.map(time => time.replace('Z', '.000000Z')).sort())
})

describe('a long transaction', () => {
  test('in a long transaction an event has the time of its change, and a lease its whole length', async () => {
    const { db, client } = await setUp()
    const writer = await db.connect()
    await writer.query('begin')
    await writer.query('select pg_sleep(1.2)')
    await emit(writer)
    const { rows } = await writer.query(`
      select occurred_at - now() > interval '1.2 s' as event_is_of_now from outbox.events`)
    expect(rows).toEqual([{ event_is_of_now: true }])
    await writer.query('commit')

    await writer.query('begin')
    await writer.query('select pg_sleep(1.2)')
    const { deliveries } = await storeOn(writer).take(greedy('a:1', { leaseSeconds: 60 }))
    expect(deliveries).toHaveLength(1)
    await writer.query('commit')
    const lease = await client.query(`
      select leased_until > clock_timestamp() + interval '59 s' as whole from outbox.deliveries`)
    expect(lease.rows).toEqual([{ whole: true }])
  })
})
