// Two listeners of a database hear the writers, however many there are; whoever is lost is replaced. The polls are an hour apart,
// so what comes was heard of.
import type pg from 'pg'
import { expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type ListenerProcess, startListenerProcess } from '../support/listener-process.ts'
import { seriesOf } from '../support/metrics.ts'
import { emit } from '../support/outbox.ts'
import { setUp } from '../support/topology.ts'

const pollNever = { OUTBOX_POLL_SECONDS: '3600' }
const inTime = { timeoutMs: 30_000 }

test('an event alone costs the database with six listeners what it costs with two', async () => {
  const { db, client, receiver } = await setUp()
  const listeners = await startMany(db.url, 6)
  await settled(listeners)
  const before = await statements(listeners)
  for (let n = 1; n <= 5; n++) {
    await emit(client)
    await receiver.waitFor(n)
    await settled(listeners)
  }
  // Each of two fans out and claims once; a tenth of a second after the first, the second finds nothing.
  expect((await statements(listeners)) - before).toBeLessThanOrEqual(5 * 2 * 2)
})

test('while the first that hears the writers is frozen, the second delivers', async () => {
  const { db, client, receiver } = await setUp()
  const listeners = await startMany(db.url, 3)
  await settled(listeners) // or the second would still look by itself
  const first = await holder(client, listeners, 6)
  first.signal('SIGSTOP')
  await emit(client)
  await receiver.waitFor(1, inTime)
  first.signal('SIGCONT')
})

test('those who stop hand over who hears the writers, also while they finish a request', async () => {
  const answer = Promise.withResolvers<number>()
  const { db, client, receiver } = await setUp(({ nth }) =>
    nth === 1 && receiver.requests.length === 1 ? answer.promise : 200,
  )
  const listeners = await startMany(db.url, 3)
  await emit(client)
  await receiver.waitFor(1)
  const [first, second] = [await holder(client, listeners, 6), await holder(client, listeners, 7)]
  for (const listener of [first, second]) listener.signal('SIGTERM')
  const third = listeners.find(listener => listener !== first && listener !== second)!
  await eventually(async () => (await holder(client, listeners, 6)) === third, inTime)
  await emit(client)
  await receiver.waitFor(2, inTime)
  answer.resolve(200)
  expect(await Promise.all([first.exited, second.exited])).toEqual([0, 0])
})

test('after both who hear the writers were killed, the heartbeat of a third takes their place', async () => {
  const { db, client, receiver } = await setUp()
  const listeners = await startMany(db.url, 3, { OUTBOX_POLL_SECONDS: '0.5' })
  const [first, second] = [await holder(client, listeners, 6), await holder(client, listeners, 7)]
  for (const listener of [first, second]) listener.signal('SIGKILL')
  const third = listeners.find(listener => listener !== first && listener !== second)!
  await eventually(async () => (await holder(client, listeners, 6)) === third, inTime)
  await emit(client)
  await receiver.waitFor(1, inTime)
})

async function startMany(url: string, count: number, env: Record<string, string> = pollNever) {
  const all: ListenerProcess[] = []
  while (all.length < count) all.push(await startListenerProcess(url, env))
  return all
}

/** The listener whose session has this place: 6 = first, 7 = second. */
async function holder(
  client: pg.Client,
  listeners: readonly ListenerProcess[],
  place: 6 | 7,
): Promise<ListenerProcess> {
  return eventually(async () => {
    const { rows } = await client.query(
      `select application_name as name from pg_locks l join pg_stat_activity a using (pid)
       where locktype = 'advisory' and classid = 1869967992 and objid = $1 and granted
         and l.database = (select oid from pg_database where datname = current_database())`,
      [place],
    )
    return listeners.find(listener => rows.length > 0 && listener.said().includes(rows[0].name)) ?? null
  }, inTime)
}

/** Fan-outs and claims of all of them so far. */
async function statements(listeners: readonly ListenerProcess[]): Promise<number> {
  let sum = 0
  for (const listener of listeners) {
    const series = seriesOf(await (await listener.ask('/metrics')).text())
    for (const [name, value] of series)
      if (name.startsWith('outbox_claim_duration_seconds_count')) sum += value
  }
  return sum
}

/** Returns once nobody has asked the database for half a second. */
async function settled(listeners: readonly ListenerProcess[]): Promise<void> {
  let last = { count: -1, at: 0 }
  await eventually(async () => {
    const count = await statements(listeners)
    if (count !== last.count) last = { count, at: performance.now() }
    return performance.now() - last.at > 500
  }, inTime)
}
