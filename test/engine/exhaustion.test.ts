// What grows with load stays bounded: the log, the metrics. And a copy of the database does not send in its original's name.
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { startListenerProcess } from '../support/listener-process.ts'
import { deliveryStates, emitAtOnce, startTestListener } from '../support/outbox.ts'
import { scene } from '../support/topology.ts'

test('of many failures a second the log has some and the number of the others', async () => {
  const { db, client } = await scene(() => 500, { max_in_flight: 200 })
  const perSecond = 20
  const replica = await startListenerProcess(db.url, {
    OUTBOX_LOG_ATTEMPTS_PER_SECOND: String(perSecond),
    OUTBOX_RETRY_SCHEDULE: '3600',
  })
  const begun = performance.now()
  await emitAtOnce(client, 2_000)
  const lines = () => replica.said().split('\n')
  const left = () =>
    lines()
      .map(line => /"failures":(\d+),"msg":"so many more attempts/.exec(line))
      .reduce((sum, match) => sum + Number(match?.[1] ?? 0), 0)
  const logged = () => lines().filter(line => line.includes('"msg":"attempt"')).length
  // The breaker opens at some time; what was under way until then is in the books.
  await eventually(
    async () => {
      const { rows } = await client.query('select count(*)::int as n from outbox.attempts')
      const { sending = 0 } = await deliveryStates(client)
      expect({ sending, accounted: logged() + left() }).toEqual({ sending: 0, accounted: rows[0].n })
      return rows[0].n >= 100
    },
    { timeoutMs: 15_000 },
  )
  const seconds = (performance.now() - begun) / 1000
  expect(left()).toBeGreaterThan(0)
  expect(logged()).toBeLessThanOrEqual(perSecond * (seconds + 2))
})

test('metrics name no endpoint, no event and no url, and are as long with 2,000 endpoints as with one', async () => {
  const { db, client, receiver } = await scene()
  const replica = await startTestListener(db.url)
  const metrics = async () => (await fetch(`http://127.0.0.1:${replica.healthPort}/metrics`)).text()
  await emitAtOnce(client, 1)
  await receiver.waitFor(1)
  const before = await eventually(async () => (await deliveryStates(client)).delivered === 1 && metrics())
  await client.query(
    `insert into outbox.endpoints (url) select $1 || '/hooks/' || n from generate_series(1, 2000) as n`,
    [receiver.url],
  )
  await client.query(
    `insert into outbox.endpoint_secrets (endpoint_id, signing, sealed)
     select p.id, s.signing, s.sealed from outbox.endpoints p, outbox.endpoint_secrets s where p.id <> s.endpoint_id`,
  )
  await emitAtOnce(client, 1)
  // Their secrets are another's, and open for nobody: each attempt fails, and is counted.
  await eventually(async () => (await deliveryStates(client)).delivered === 2, { timeoutMs: 15_000 })
  await eventually(async () => /outcome="secret_unavailable"} 2000$/m.test(await metrics()), {
    timeoutMs: 15_000,
  })
  const after = await metrics()
  expect(after).not.toMatch(/ep_|evt_|dlv_|http:/)
  expect(after.split('\n').length - before.split('\n').length).toBeLessThanOrEqual(2)
}, 60_000)

test('a copy of the database sends nothing under master keys of its own, and keeps what it has as failures', async () => {
  const { db, client, receiver } = await scene()
  const replica = await startTestListener(db.url, {
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
  await replica.stop()
  expect(receiver.requests).toHaveLength(0)
  // The opposite: under the keys that sealed them, they all go out.
  await client.query(`update outbox.deliveries set due_at = now() where state = 'pending'`)
  await client.query('update outbox.endpoint_health set failures = 0, failing_since = null, probe_at = null')
  await startTestListener(db.url)
  await receiver.waitFor(20, { timeoutMs: 10_000 })
})
