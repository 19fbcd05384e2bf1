// The listening session behind poolers and over bad links: whether it gets notifications, and what it says if it does not.
import type pg from 'pg'
import { expect, test } from 'vitest'
import { freshDatabase } from '../../support/database.ts'
import { startDeafProxy } from '../../support/deaf-proxy.ts'
import { eventually } from '../../support/eventually.ts'
import { type ListenerProcess, startListenerProcess } from '../../support/listener-process.ts'
import { addEndpoint, emit } from '../../support/outbox.ts'
import { startReceiver } from '../../support/receiver.ts'
import { startSessionPooler } from '../../support/session-pooler.ts'

const pollNever = { OUTBOX_POLL_SECONDS: '3600' }

test('a session pooler, which tells the client a pid of its own, does not make the listener deaf', async () => {
  const { url, client, receiver } = await behindSessionPooler()
  const listener = await startListenerProcess(url, pollNever)
  await emit(client)
  await receiver.waitFor(1)
  expect(listener.said()).not.toContain('did not arrive')
})

test('a listener behind a session pooler whose session was killed hears notifications again', async () => {
  const { url, client, receiver } = await behindSessionPooler()
  const listener = await startListenerProcess(url, pollNever)
  await endSessions(client)
  await eventually(() => listener.said().split('"msg":"listening"').length === 3)
  await emit(client)
  await receiver.waitFor(1)
  expect(listener.said()).not.toContain('did not arrive')
})

/** Of the listeners: those that listen. */
async function endSessions(client: pg.Client): Promise<void> {
  // It is known by its heartbeat, which may not have come yet.
  await eventually(async () => {
    const { rowCount } = await client.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and query like '%pg_listening_channels%' and application_name like 'listener-%'`)
    return rowCount! > 0
  })
}

async function behindSessionPooler() {
  const db = await freshDatabase()
  const client = await db.connect()
  const receiver = await startReceiver()
  await addEndpoint(client, { url: receiver.url })
  return { url: await startSessionPooler(db.url), client, receiver }
}

test('a listener that gets no notifications is ready, but polling, with the reason and since when, until they arrive', async () => {
  const db = await freshDatabase()
  const { hostname, port } = new URL(db.url)
  const deaf = new URL(db.url)
  const proxy = await startDeafProxy({ host: hostname, port: Number(port) })
  deaf.port = String(proxy.port)
  const began = Date.now()
  const listener = await startListenerProcess(
    deaf.href,
    { OUTBOX_POLL_SECONDS: '0.2' },
    { says: 'did not arrive' },
  )
  const answer = await eventually(() => readiness(listener, /^ready, but polling since /))
  const [, since, reason] = /^ready, but polling since (\S+): (.+)\n$/.exec(answer)!
  expect(reason).toBe('a notification to itself did not arrive')
  expect(Date.parse(since!)).toBeGreaterThanOrEqual(began)
  expect(Date.parse(since!)).toBeLessThanOrEqual(Date.now())
  expect(await polling(listener)).toBe('outbox_polling 1')
  proxy.heal()
  await eventually(() => readiness(listener, /^ready\n$/))
  expect(await polling(listener)).toBe('outbox_polling 0')
})

test('a listener whose session was lost is ready, but polling, until two heartbeats of a new one were answered', async () => {
  const db = await freshDatabase()
  const client = await db.connect()
  const listener = await startListenerProcess(db.url, { OUTBOX_POLL_SECONDS: '3' })
  await eventually(() => readiness(listener, /^ready\n$/))
  const lost = /^ready, but polling since (\S+): the listening session was lost \(\w+\)\n$/
  const first = await eventually(async () => {
    await endSessions(client)
    return readiness(listener, lost)
  })
  await endSessions(client)
  await eventually(() => listener.said().split('"msg":"cannot use the database').length > 2)
  const second = await eventually(() => readiness(listener, lost))
  expect(lost.exec(second)![1], 'degraded since the first loss').toBe(lost.exec(first)![1])
  await eventually(() => readiness(listener, /^ready\n$/), { timeoutMs: 30_000 })
})

/** What /readyz answers, if it is that. */
async function readiness(listener: ListenerProcess, expected: RegExp): Promise<string | false> {
  const text = await (await listener.ask('/readyz')).text()
  return expected.test(text) && text
}

async function polling(listener: ListenerProcess): Promise<string | undefined> {
  return /^outbox_polling .*/m.exec(await (await listener.ask('/metrics')).text())?.[0]
}
