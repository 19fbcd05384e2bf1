// What a listener counts while it works, with real deliveries.
import { beforeAll, describe, expect, test } from 'vitest'
import { failureKinds } from '../../../delivery/failures.ts'
import type { Listener } from '../../../worker/listener.ts'
import { eventually } from '../../support/eventually.ts'
import { namesIn, scrape, seriesOf } from '../../support/metrics.ts'
import { addEndpoint, deliveryStates, emit, startTestListener } from '../../support/outbox.ts'
import { startReceiver } from '../../support/receiver.ts'
import { type Setup, setUp } from '../../support/topology.ts'

let setup: Setup
let listener: Listener
let metrics: Map<string, number>
const value = (series: string) => metrics.get(series)
const buckets = (name: string) =>
  [...metrics.keys()]
    .filter(series => series.startsWith(`${name}_bucket`))
    .map(series => /le="([^"]+)"/.exec(series)![1])

/** Three events for an endpoint that takes them at the second try, and one that never does. */
beforeAll(async () => {
  setup = await setUp(({ nth }) => (nth === 1 ? 503 : 200), { retry_schedule: [0.05] })
  const { client, db } = setup
  const closed = await startReceiver()
  await closed.stop()
  await addEndpoint(client, { url: closed.url, retry_schedule: [] })
  await addEndpoint(client, { url: 'http://10.0.0.1/', retry_schedule: [] })
  await addEndpoint(client, {
    url: 'https://example.com/',
    state: 'disabled',
    disabled_reason: 'gone',
  })
  await emit(client, 3)
  listener = await startTestListener(db.url, { OUTBOX_POLL_SECONDS: '0.1' })
  await eventually(async () => expect(await deliveryStates(client)).toEqual({ delivered: 3, dead: 6 }))
  metrics = await eventually(async () => {
    const seen = await scrape(listener)
    return seen.get('outbox_deliveries_dead_total{outcome="connection"}') === 3 && seen
  })
})

test('attempts are counted by outcome and sender', () => {
  const outcomes = { delivered: 3, bad_status: 3, connection: 3, blocked_address: 3, timeout: 0 }
  for (const [outcome, times] of Object.entries(outcomes))
    expect(value(`outbox_attempts_total{outcome="${outcome}",sender="listener"}`), outcome).toBe(times)
})

test('every outcome has a series before it happens, and no other has one', () => {
  const shown = [...metrics.keys()].filter(series => series.startsWith('outbox_attempts_total{'))
  expect(shown.map(series => /outcome="(\w+)"/.exec(series)![1]).sort()).toEqual(
    ['delivered', ...failureKinds].sort(),
  )
})

test('deaths and stopped egress are counted', () => {
  expect(value('outbox_deliveries_dead_total{outcome="connection"}')).toBe(3)
  expect(value('outbox_deliveries_dead_total{outcome="blocked_address"}')).toBe(3)
  expect(value('outbox_deliveries_dead_total{outcome="bad_status"}')).toBe(0)
  expect(value('outbox_egress_blocked_total{reason="blocked_address"}')).toBe(3)
  expect(value('outbox_leases_lost_total')).toBe(0)
})

test('events become deliveries, and deliveries are claimed in batches', () => {
  expect(value('outbox_deliveries_created_total{kind="push"}')).toBe(9)
  expect(value('outbox_claim_batch_size_sum')).toBe(12)
  expect(value('outbox_claim_duration_seconds_count')).toBeGreaterThan(1)
  expect(value('outbox_settle_duration_seconds_count')).toBeGreaterThan(1)
})

describe('histograms', () => {
  test.each([
    ['outbox_attempt_duration_seconds', '.005 .01 .025 .05 .1 .25 .5 1 2.5 5 10 15'],
    ['outbox_first_attempt_delay_seconds', '.005 .01 .025 .05 .1 .25 .5 1 2.5 5 15 60 300'],
    ['outbox_delivery_age_seconds', '1 5 30 300 1800 7200 18000 36000 86400 172800 270000'],
    ['outbox_claim_duration_seconds', '.001 .0025 .005 .01 .025 .05 .1 .25 .5 1'],
    ['outbox_settle_duration_seconds', '.001 .0025 .005 .01 .025 .05 .1 .25 .5 1'],
    ['outbox_claim_batch_size', '1 5 25 100 250 500'],
  ])('%s has these buckets', (name, bounds) => {
    expect(buckets(name)).toEqual([...bounds.split(' ').map(bound => String(Number(bound))), '+Inf'])
  })

  test('only first attempts have a first delay, only deliveries an age', () => {
    expect(value('outbox_attempt_duration_seconds_count{sender="listener"}')).toBe(12)
    expect(value('outbox_first_attempt_delay_seconds_count{sender="listener"}')).toBe(9)
    expect(value('outbox_delivery_age_seconds_count')).toBe(3)
  })

  test('they count from when the event was written, by the clock of the database', async () => {
    const before = value('outbox_first_attempt_delay_seconds_sum{sender="listener"}')!
    // Its writer commits half a second later: more than the clocks can be measured wrong on a busy machine.
    await setup.client.query(`select outbox.emit('a.b', '{}'), pg_sleep(0.5)`)
    await eventually(async () => {
      const seen = await scrape(listener)
      return seen.get('outbox_delivery_age_seconds_count') === 4
    })
    const after = await scrape(listener)
    const took = after.get('outbox_first_attempt_delay_seconds_sum{sender="listener"}')! - before
    expect(took).toBeGreaterThan(0.25)
    expect(took).toBeLessThan(20)
  })
})

test('an idle listener sleeps, and says what woke it', async () => {
  await eventually(async () => (await scrape(listener)).get('outbox_listener_awake') === 0)
  const before = (await scrape(listener)).get('outbox_wakeups_total{reason="notify"}')!
  await emit(setup.client)
  await eventually(
    async () => (await scrape(listener)).get('outbox_wakeups_total{reason="notify"}')! > before,
  )
  expect(value('outbox_wakeups_total{reason="reconnect"}')).toBe(1)
  expect(metrics.has('outbox_wakeups_total{reason="poll"}')).toBe(true)
  expect(value('outbox_listen_reconnects_total')).toBe(0)
})

test('the state of the database is there, and of the process', () => {
  expect(value('outbox_endpoints{state="active",disabled_reason=""}')).toBe(3)
  expect(value('outbox_endpoints{state="disabled",disabled_reason="gone"}')).toBe(1)
  expect(value('outbox_endpoints{state="disabled",disabled_reason="failing"}')).toBe(0)
  expect(value('outbox_events_captured_total')).toBe(3)
  expect(value('outbox_capture_check{check="capture_drift"}')).toBe(1)
  expect([...metrics.keys()].some(series => series.startsWith('outbox_build_info{version="'))).toBe(true)
  expect(value('process_start_time_seconds')).toBeGreaterThan(0)
})

test('counters end in _total and nothing else does, and every name begins with what it is of', async () => {
  const text = await (await fetch(`http://127.0.0.1:${listener.healthPort}/metrics`)).text()
  for (const name of namesIn(text)) expect(name).toMatch(/^(outbox|process|nodejs)_[a-z0-9_]+$/)
  for (const [, name, type] of text.matchAll(/^# TYPE (outbox_\S+) (\S+)/gm))
    expect(type === 'counter', name).toBe(name!.endsWith('_total'))
})

test('who asks for OpenMetrics gets the same series, with the traces of requests that are recorded', async () => {
  const trace = '0af7651916cd43dd8448eb211c80319c'
  const unrecorded = '4bf92f3577b34da6a3ce929d0e0e4736'
  for (const traceparent of [`00-${trace}-b7ad6b7169203331-01`, `00-${unrecorded}-00f067aa0ba902b7-00`])
    await setup.client.query(
      `with context as materialized (select set_config('outbox.traceparent', $1, true))
       select outbox.emit('a.b', '{}') from context`,
      [traceparent],
    )
  const attempts = 'outbox_attempts_total{outcome="delivered",sender="listener"}'
  await eventually(async () => (await scrape(listener)).get(attempts)! >= 5)

  const address = `http://127.0.0.1:${listener.healthPort}/metrics`
  const accept = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'
  const answers = await Promise.all([fetch(address, { headers: { accept } }), fetch(address)])
  const [open, plain] = await Promise.all(answers.map(answer => answer.text()))
  expect(answers.map(({ headers }) => headers.get('content-type'))).toEqual([
    'application/openmetrics-text; version=1.0.0; charset=utf-8',
    'text/plain; version=0.0.4; charset=utf-8',
  ])
  expect(open!.endsWith('\n# EOF\n')).toBe(true)
  const withoutExemplars = open!.replaceAll(/ # \{.*$/gm, '')
  const ours = (text: string) => [...seriesOf(text).keys()].filter(name => name.startsWith('outbox_')).sort()
  expect(ours(withoutExemplars)).toEqual(ours(plain!))
  for (const name of ['outbox_attempt_duration_seconds', 'outbox_first_attempt_delay_seconds'])
    expect(open).toMatch(
      new RegExp(
        `^${name}_bucket{.*} \\d+ # {trace_id="${trace}",span_id="b7ad6b7169203331"} [\\d.e-]+ [\\d.]+$`,
        'm',
      ),
    )
  expect(open).not.toContain(unrecorded)
  expect(plain).not.toContain(trace)
})
