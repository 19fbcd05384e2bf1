// Between a sender and its receivers: answers that are lost, receivers that come back to a backlog, texts that would break
// a log.
import { expect, test } from 'vitest'
import { Link } from '../../chaos/link.ts'
import { atEnd } from '../support/cleanup.ts'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { startListenerProcess } from '../support/listener-process.ts'
import { addEndpoint, deliveryStates, emit, emitAtOnce, startTestListener } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'
import { scene } from '../support/topology.ts'

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

test('a receiver that comes back to a backlog gets one probe, then a slow start, never more than it may have', async () => {
  let underWay = 0
  let successes = 0
  const seen: { underWay: number; successes: number }[] = []
  const { db, client } = await scene(
    async () => {
      seen.push({ underWay: ++underWay, successes })
      await new Promise(resolve => setTimeout(resolve, 15))
      underWay--
      successes++
      return 200
    },
    { state: 'paused' },
  )
  await emitAtOnce(client, 400)
  await client.query(`update outbox.endpoints set state = 'active'`)
  // As an hour of failures leaves it.
  await client.query(
    `update outbox.endpoint_health set failures = 500, failing_since = clock_timestamp(), probes = 10, probe_at = clock_timestamp()`,
  )
  await startTestListener(db.url, quick)
  await eventually(async () => (await deliveryStates(client)).delivered === 400, { timeoutMs: 60_000 })
  expect(seen[0]).toEqual({ underWay: 1, successes: 0 })
  for (const at of seen)
    expect(at.underWay).toBeLessThanOrEqual(Math.min(32, at.successes === 0 ? 1 : 2 + at.successes))
  expect(Math.max(...seen.map(at => at.underWay))).toBeGreaterThan(16)
})

test('what a hostile receiver answers breaks neither the log nor the books', async () => {
  const answer = '\u001b[2J<img src=x onerror=alert(1)>"}\n{"level":60,"msg":"fake"}\r\n'
  const { db, client } = await scene(
    (_, response) => void response.writeHead(500, { 'x-odd': 'a"b' }).end(answer),
  )
  const replica = await startListenerProcess(db.url, { ...quick, OUTBOX_RETRY_SCHEDULE: '' })
  await emit(client)
  await eventually(async () => {
    const { rows } = await client.query('select response_body from outbox.attempts')
    expect(rows).toEqual([{ response_body: answer }])
  })
  await eventually(() => replica.said().includes('"msg":"attempt"'))
  for (const line of replica.said().trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow()
  expect(replica.said()).not.toMatch(/fake|onerror|\[2J/)
})
