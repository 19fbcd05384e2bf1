// Several listeners on one database, as a Deployment runs them (ops/kubernetes/listener.yaml): they are replaced one after the
// other under load, and they share an endpoint exactly. How late a webhook may be says something only on a machine with enough
// cores and nothing else to do: OUTBOX_TEST_LISTENERS=20 asks for that, for twenty, and for 500 events a second, or as many as
// OUTBOX_TEST_EVENTS_PER_SECOND says.
import { constants, setPriority } from 'node:os'
import type pg from 'pg'
import { expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type ListenerProcess, startListenerProcess } from '../support/listener-process.ts'
import { deliveryStates, emitAtOnce } from '../support/outbox.ts'
import { setUp } from '../support/topology.ts'

const asked = process.env.OUTBOX_TEST_LISTENERS
const listeners = Number(asked ?? 3)
const eventsPerSecond = Number(process.env.OUTBOX_TEST_EVENTS_PER_SECOND ?? (asked === undefined ? 100 : 500))
const inTime = { timeoutMs: 60_000 }

test('listeners that are replaced one by one under load send nothing twice and lose nothing', async () => {
  const { db, client, receiver } = await setUp(undefined, { max_in_flight: 32 * listeners })
  const old = await startAll(db.url)
  const writing = writeSteadily(await db.connect())
  // The first events meet listeners that have just started too.
  await receiver.waitFor(eventsPerSecond, inTime)
  await eventually(() => writing.written - receiver.requests.length < eventsPerSecond / 5, inTime)
  const replacedFrom = Date.now()

  const exits: (number | NodeJS.Signals)[] = []
  for (const listener of old) {
    await startOne(db.url)
    listener.signal('SIGTERM')
    exits.push(await listener.exited)
  }
  const written = await writing.stop()
  await eventually(async () => expect(await deliveryStates(client)).toEqual({ delivered: written }), inTime)

  expect(new Set(exits)).toEqual(new Set([0]))
  expect(receiver.requests).toHaveLength(written)
  const delaysMs = receiver.requests
    .map(request => ({ arrivedAt: request.at, writtenAt: JSON.parse(request.body.toString()).data.at }))
    .filter(({ writtenAt }) => writtenAt >= replacedFrom)
    .map(({ arrivedAt, writtenAt }) => arrivedAt - writtenAt)
  if (asked !== undefined) expect(Math.max(...delaysMs)).toBeLessThanOrEqual(2_000)
})

test('listeners share what an endpoint may have in flight exactly, also after some are gone', async () => {
  let inFlight = 0
  let most = 0
  let answer = Promise.withResolvers<void>()
  const { db, client } = await setUp(
    async () => {
      most = Math.max(most, ++inFlight)
      await answer.promise
      inFlight--
      return 200
    },
    { max_in_flight: 2 * listeners },
  )
  const all = await startAll(db.url, { OUTBOX_POLL_SECONDS: '0.5' })
  await sharedBy(client, listeners)
  await emitAtOnce(client, 10 * listeners)
  await eventually(() => inFlight === 2 * listeners, inTime)
  answer.resolve()
  await eventually(async () => (await deliveryStates(client)).delivered === 10 * listeners, inTime)
  expect(most).toBe(2 * listeners)

  const stopped = all.slice(1)
  for (const listener of stopped) listener.signal('SIGTERM')
  await Promise.all(stopped.map(listener => listener.exited))
  await sharedBy(client, 1)
  answer = Promise.withResolvers()
  await emitAtOnce(client, 10 * listeners)
  await eventually(() => inFlight === 2 * listeners, inTime)
  answer.resolve()
  await eventually(async () => (await deliveryStates(client)).delivered === 20 * listeners, inTime)
  expect(most).toBe(2 * listeners)
})

async function startAll(url: string, env: Record<string, string> = {}): Promise<ListenerProcess[]> {
  const all: ListenerProcess[] = []
  while (all.length < listeners) all.push(await startOne(url, env))
  return all
}

/** Receiver and writer run on machines of their own, elsewhere; here many listeners would take them their part of the cores. */
async function startOne(url: string, env: Record<string, string> = {}): Promise<ListenerProcess> {
  const listener = await startListenerProcess(url, env)
  setPriority(listener.pid, constants.priority.PRIORITY_BELOW_NORMAL)
  return listener
}

/** Returns once each of so many listeners, and no other, has counted all of them with its heartbeat. */
async function sharedBy(client: pg.Client, count: number): Promise<void> {
  const { rows } = await client.query('select clock_timestamp()::text as now')
  await eventually(async () => {
    const seen = await client.query(
      `select application_name, bool_or(query_start > $1 and state = 'idle' and query like '%pg_listening_channels%') as counted
       from pg_stat_activity
       where application_name like 'listener-%' and datname = current_database()
       group by application_name`,
      [rows[0].now],
    )
    expect(seen.rows.map(({ counted }) => counted)).toEqual(Array(count).fill(true))
  }, inTime)
}

const pauseMs = 20

/** Events that say when they were written, a few in each transaction. */
function writeSteadily(client: pg.Client) {
  const startedAt = performance.now()
  let written = 0
  let stopping = false
  const running = (async () => {
    while (!stopping) {
      const due = Math.floor(((performance.now() - startedAt) / 1000) * eventsPerSecond)
      await client.query(
        `select count(outbox.emit('test.happened', jsonb_build_object('n', n, 'at', $3::float8)))
         from generate_series($1::int + 1, $2::int) as n`,
        [written, due, Date.now()],
      )
      written = due
      await new Promise(resolve => setTimeout(resolve, pauseMs))
    }
  })()
  return {
    get written() {
      return written
    },
    async stop(): Promise<number> {
      stopping = true
      await running
      return written
    },
  }
}
