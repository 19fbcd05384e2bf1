// The network between a sender and its receivers: lost answers, receivers that recover to a backlog, answers that could
// break a log.
import { expect, test } from 'vitest'
import { Link } from '../../chaos/link.ts'
import { atEnd } from '../support/cleanup.ts'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { startListenerProcess } from '../support/listener-process.ts'
import { addEndpoint, deliveryStates, emit, emitAtOnce, startTestListener } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'
import { setUp } from '../support/topology.ts'

const quick = { OUTBOX_POLL_SECONDS: '0.2', OUTBOX_RETRY_SCHEDULE: '0.2,0.2,0.2' }

test('a webhook whose answer is lost is sent again, with the same id and the same bytes', async () => {
  const receiver = await startReceiver()
  const link = await Link.open(Number(new URL(receiver.url).port))
  atEnd(() => link.close())
  const db = await freshDatabase()
  const client = await db.connect()
  await addEndpoint(client, { url: `http://127.0.0.1:${link.port}/`, timeout_seconds: 0.5 })
  link.set({ kind: 'lost replies' })
  await startTestListener(db.url, quick)
  await emit(client)
  await receiver.waitFor(1)
  link.clear()
  const [first, second] = await receiver.waitFor(2)
  await eventually(async () => (await deliveryStates(client)).delivered === 1)
  expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id'])
  expect(second!.body).toEqual(first!.body)
  const { rows } = await client.query('select number, error from outbox.attempts order by number')
  expect(rows.at(-1)).toEqual({ number: receiver.requests.length, error: null })
  expect(rows[0].error).toMatch(/^(timeout|connection)$/)
})

test('a receiver that recovers to a backlog gets one probe, then a slow start, and never more than max_in_flight', async () => {
  let inFlight = 0
  let successes = 0
  const seen: { inFlight: number; successes: number }[] = []
  const { db, client } = await setUp(
    async () => {
      seen.push({ inFlight: ++inFlight, successes })
      await new Promise(resolve => setTimeout(resolve, 15))
      inFlight--
      successes++
      return 200
    },
    { state: 'paused' },
  )
  await emitAtOnce(client, 400)
  await client.query(`update outbox.endpoints set state = 'active'`)
  // As after an hour of failures.
  await client.query(
    `update outbox.endpoint_health set failures = 500, failing_since = clock_timestamp(), probes = 10, probe_at = clock_timestamp()`,
  )
  await startTestListener(db.url, quick)
  await eventually(async () => (await deliveryStates(client)).delivered === 400, { timeoutMs: 60_000 })
  expect(seen[0]).toEqual({ inFlight: 1, successes: 0 })
  for (const at of seen)
    expect(at.inFlight).toBeLessThanOrEqual(Math.min(32, at.successes === 0 ? 1 : 2 + at.successes))
  expect(Math.max(...seen.map(at => at.inFlight))).toBeGreaterThan(16)
})

test('a hostile answer breaks neither the log nor the recorded attempt', async () => {
  const answer = '\u001b[2J<img src=x onerror=alert(1)>"}\n{"level":60,"msg":"fake"}\r\n'
  const { db, client } = await setUp(
    (_, response) => void response.writeHead(500, { 'x-odd': 'a"b' }).end(answer),
  )
  const listener = await startListenerProcess(db.url, { ...quick, OUTBOX_RETRY_SCHEDULE: '' })
  await emit(client)
  await eventually(async () => {
    const { rows } = await client.query('select response_body from outbox.attempts')
    expect(rows).toEqual([{ response_body: answer }])
  })
  await eventually(() => listener.said().includes('"msg":"attempt"'))
  for (const line of listener.said().trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow()
  expect(listener.said()).not.toMatch(/fake|onerror|\[2J/)
})
