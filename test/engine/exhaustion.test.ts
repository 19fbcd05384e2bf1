// The log and the metrics stay bounded under load. A copy of the database does not send webhooks in place of the original.
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { startListenerProcess } from '../support/listener-process.ts'
import { deliveryStates, emitAtOnce, startTestListener } from '../support/outbox.ts'
import { setUp } from '../support/topology.ts'

test('the log has some of many failures per second, and the number of the others', async () => {
  const { db, client } = await setUp(() => 500, { max_in_flight: 200 })
  const perSecond = 20
  const listener = await startListenerProcess(db.url, {
    OUTBOX_LOG_ATTEMPTS_PER_SECOND: String(perSecond),
    OUTBOX_RETRY_SCHEDULE: '3600',
  })
  const begun = performance.now()
  await emitAtOnce(client, 2_000)
  const lines = () => listener.said().split('\n')
  const unlogged = () =>
    lines()
      .map(line => /"failures":(\d+),"msg":"so many more attempts/.exec(line))
      .reduce((sum, match) => sum + Number(match?.[1] ?? 0), 0)
  const logged = () => lines().filter(line => line.includes('"msg":"attempt"')).length
  // The breaker opens at some time; all requests in flight until then are recorded as attempts.
  await eventually(async () => {
    const { rows } = await client.query('select count(*)::int as n from outbox.attempts')
    const { sending = 0 } = await deliveryStates(client)
    expect({ sending, accounted: logged() + unlogged() }).toEqual({ sending: 0, accounted: rows[0].n })
    return rows[0].n >= 100
  })
  const seconds = (performance.now() - begun) / 1000
  expect(unlogged()).toBeGreaterThan(0)
  expect(logged()).toBeLessThanOrEqual(perSecond * (seconds + 2))
})

test('metrics contain no endpoint, event or url, and are as long with 2,000 endpoints as with one', async () => {
  const { db, client, receiver } = await setUp()
  const listener = await startTestListener(db.url)
  const metrics = async () => (await fetch(`http://127.0.0.1:${listener.healthPort}/metrics`)).text()
  await emitAtOnce(client, 1)
  await receiver.waitFor(1)
  await eventually(async () => (await deliveryStates(client)).delivered === 1)
  // What is looked up in the database is there a moment later.
  const before = await eventually(async () => {
    const text = await metrics()
    return /^outbox_capture_check/m.test(text) && /^outbox_storage_bytes/m.test(text) && text
  })
  await client.query(
    `insert into outbox.endpoints (url) select $1 || '/hooks/' || n from generate_series(1, 2000) as n`,
    [receiver.url],
  )
  await client.query(
    `insert into outbox.endpoint_secrets (endpoint_id, signing, sealed)
     select p.id, s.signing, s.sealed from outbox.endpoints p, outbox.endpoint_secrets s where p.id <> s.endpoint_id`,
  )
  await emitAtOnce(client, 1)
  // Their secrets are copies of another endpoint's and can't be opened: each attempt fails, and is counted.
  await eventually(async () => (await deliveryStates(client)).delivered === 2)
  await eventually(async () => /outcome="secret_unavailable",sender="listener"} 2000$/m.test(await metrics()))
  const after = await metrics()
  expect(after).not.toMatch(/ep_|evt_|dlv_|http:/)
  expect(ours(after)).toEqual(ours(before))
})

/** The series of the outbox; Node adds some of its own as it goes on. */
const ours = (metrics: string) => metrics.match(/^outbox_.*(?= )/gm)

test('a copy of the database with other master keys sends nothing, and records failures', async () => {
  const { db, client, receiver } = await setUp()
  const listener = await startTestListener(db.url, {
    OUTBOX_MASTER_KEYS: `staging:${randomBytes(32).toString('base64')}`,
    OUTBOX_RETRY_SCHEDULE: '3600',
  })
  await emitAtOnce(client, 20)
  await eventually(async () => {
    const { rows } = await client.query(
      `select count(*)::int as n from outbox.attempts where error = 'secret_unavailable'`,
    )
    return rows[0].n > 0 && ((await deliveryStates(client)).sending ?? 0) === 0
  })
  await listener.stop()
  expect(receiver.requests).toHaveLength(0)
  // The opposite: with the keys that sealed the secrets, all of them are sent.
  await client.query(`update outbox.delivery_rows set due_at = now() where state = 'pending'`)
  await client.query('update outbox.endpoint_health set failures = 0, failing_since = null, probe_at = null')
  await startTestListener(db.url)
  await receiver.waitFor(20)
})
