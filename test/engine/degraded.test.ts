// A listener that works, but not as well as it should, says so on /readyz: what it does instead, since when, and why.
import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { startListenLink } from '../support/listen-link.ts'
import { addEndpoint, deliveryStates, emit, startTestListener } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'
import { setUp } from '../support/topology.ts'

test('a listener whose LISTEN connection is swallowed says within a poll and a heartbeat’s time limit that it only polls', async () => {
  const { db, client, receiver } = await setUp()
  const link = await startListenLink(db.url)
  const listener = await startTestListener(link.url, { OUTBOX_POLL_SECONDS: '3' })
  await eventually(async () => (await readiness(listener)) === 'ready\n')
  link.swallow()
  const swallowedAt = performance.now()
  await emit(client)
  const answer = await eventually(async () => degraded.exec(await readiness(listener)))
  expect(performance.now() - swallowedAt).toBeLessThan((3 + 5 + 1) * 1000)
  expect(answer[1]).toBe('polling')
  expect(answer[3]).toBe('the listening session was lost (HEARTBEAT_TIMEOUT)')
  await receiver.waitFor(1)
  await eventually(async () => (await readiness(listener)) === 'ready\n')
})

test('a listener whose LISTEN connections are swallowed one after the other never says that it is simply ready', async () => {
  const { db } = await setUp()
  const link = await startListenLink(db.url)
  // Between two heartbeats this test has to look at the answer, on a busy machine too.
  const listener = await startTestListener(link.url, { OUTBOX_POLL_SECONDS: '2' })
  await eventually(async () => (await readiness(listener)) === 'ready\n')
  link.swallow()
  await eventually(async () => degraded.test(await readiness(listener)))
  const answers = new Set<string>()
  const sessions = await reconnects(listener)
  await eventually(
    async () => {
      const answer = await readiness(listener)
      answers.add(answer)
      // After the first answered heartbeat of each session.
      if (answer.startsWith('ready')) link.swallow()
      return (await reconnects(listener)) >= sessions + 2
    },
    { timeoutMs: 50_000 },
  )
  expect([...answers].some(answer => degraded.test(answer))).toBe(true)
  expect([...answers].filter(answer => answer === 'ready\n')).toEqual([])
})

test('a listening session that is swallowed while it is set up is given up after seconds', async () => {
  const { db, client, receiver } = await setUp()
  const link = await startListenLink(db.url)
  const listener = await startTestListener(link.url, { OUTBOX_POLL_SECONDS: '3600' })
  await eventually(async () => (await readiness(listener)) === 'ready\n')
  link.swallowFromStart()
  await client.query(`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and query like '%pg_listening_channels%' and pid <> pg_backend_pid()`)
  await eventually(() => link.swallowed > 0)
  link.heal()
  await emit(client)
  await receiver.waitFor(1, { timeoutMs: 12_000 })
})

test('a listener that cannot record outcomes says that it sends nothing, with the SQLSTATE, until it can', async () => {
  const { db, client } = await setUp()
  const listener = await startTestListener(db.url)
  await eventually(async () => (await readiness(listener)) === 'ready\n')
  await client.query('alter table outbox.delivered_at_once add constraint no_more check (false) not valid')
  await emit(client)
  const answer = await eventually(async () => degraded.exec(await readiness(listener)))
  expect(answer.slice(1)).toEqual([
    'sending nothing',
    expect.stringMatching(/^\d{4}-/),
    'the database does not record outcomes (23514)',
  ])
  expect(await gauge(listener, 'outbox_stalled')).toBe(1)
  await client.query('alter table outbox.delivered_at_once drop constraint no_more')
  await eventually(async () => (await readiness(listener)) === 'ready\n')
  expect(await gauge(listener, 'outbox_stalled')).toBe(0)
})

test('a listener whose network is down says that it sends one webhook at a time, until an endpoint answers', async () => {
  const db = await freshDatabase()
  const client = await db.connect()
  let isDown = false
  for (let n = 0; n < 3; n++) {
    const receiver = await startReceiver((_, response) => {
      if (!isDown) return 200
      response.destroy()
    })
    await addEndpoint(client, { url: receiver.url })
  }
  const listener = await startTestListener(db.url, {
    OUTBOX_POLL_SECONDS: '0.2',
    OUTBOX_RETRY_SCHEDULE: '0.2,0.2',
  })
  await emit(client)
  await eventually(async () => (await deliveryStates(client)).delivered === 3)
  isDown = true
  await emit(client)
  const answer = await eventually(async () => degraded.exec(await readiness(listener)))
  expect(answer[1]).toBe('sending one webhook at a time')
  expect(answer[3]).toContain('the network of this listener seems to be down')
  expect(await gauge(listener, 'outbox_network_down')).toBe(1)
  isDown = false
  await eventually(async () => (await readiness(listener)) === 'ready\n')
  expect(await gauge(listener, 'outbox_network_down')).toBe(0)
})

const degraded = /^ready, but (.+) since (\S+): (.+)\n$/

interface Asked {
  healthPort: number
}

const ask = async ({ healthPort }: Asked, path: string) =>
  (await fetch(`http://127.0.0.1:${healthPort}${path}`)).text()
const readiness = (listener: Asked) => ask(listener, '/readyz')
const reconnects = (listener: Asked) => gauge(listener, 'outbox_listen_reconnects_total')

async function gauge(listener: Asked, name: string): Promise<number> {
  const [, value] = new RegExp(`^${name} (.+)$`, 'm').exec(await ask(listener, '/metrics'))!
  return Number(value)
}
