// Quiet wake-up under stress: bursts that make the listener poll, and transactions that found it polling and commit while
// it goes idle. The poll timer is set so long that it cannot help, and after each burst nothing else happens, so that no
// later event can help either.
//
// WAKEUP_STRESS_SECONDS sets the duration of each stress test, and makes them print the slowest event.
import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { type ListenerProcess, startListenerProcess } from '../support/listener-process.ts'
import { addEndpoint, deliveryStates, emit, emitAtOnce, startTestListener } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'

const stressSeconds = Number(process.env.WAKEUP_STRESS_SECONDS ?? 4)
const pollNever = { OUTBOX_POLL_SECONDS: '3600' }

describe('quiet wake-up', () => {
  test(
    'no event is late, whenever its transaction commits while the listener goes idle',
    async () => {
      const { db } = await setUp()
      await startTestListener(db.url, pollNever)
      const late = await stress(db, stressSeconds)
      expect(late).toEqual([])
    },
    (stressSeconds + 60) * 1000,
  )

  test(
    'no event is late while listeners join and die, even while they poll',
    async () => {
      const { db } = await setUp()
      const listeners: ListenerProcess[] = [
        await startListenerProcess(db.url, pollNever),
        await startListenerProcess(db.url, pollNever),
      ]
      const late = await stress(db, stressSeconds, async () => {
        const victim = listeners.shift()!
        victim.signal('SIGKILL')
        await victim.exited
        listeners.push(await startListenerProcess(db.url, pollNever))
      })
      expect(late).toEqual([])
    },
    (stressSeconds + 60) * 1000,
  )

  // If no transaction has ended after it, the upper end of a Postgres snapshot does not cover it.
  test('no event is late whose transaction is the newest and found the listener polling', async () => {
    const { db, client, receiver } = await setUp()
    const channel = await listenOnChannel(db)
    const listener = await startTestListener(db.url, pollNever)
    const writer = await db.connect()
    const isPolling = async () =>
      (await client.query('select outbox.listener_is_polling() as polling')).rows[0].polling
    let emitted = 0
    await eventually(async () => {
      await emitAtOnce(client, 100)
      emitted += 100
      await receiver.waitFor(emitted)
      await eventually(async () => (await deliveryStates(client)).delivered === emitted)
      await writer.query('begin')
      await emit(writer)
      if (await isPolling()) return true
      await writer.query('rollback')
      return false
    })
    const notified = channel.notifications
    await eventually(async () => !(await isPolling()))
    const { rows } = await client.query('select clock_timestamp() as now')
    await eventually(async () => {
      const fanOuts = `select from pg_stat_activity
                     where application_name = $1 and query like '%outbox: fan_out%' and query_start > $2`
      return (await client.query(fanOuts, [listener.name, rows[0].now])).rowCount! > 0
    })
    await writer.query('commit')
    await receiver.waitFor(emitted + 1)
    expect(channel.notifications).toBe(notified)
  })

  test('an idle listener is notified, and a polling one is not', async () => {
    const { db, client, receiver } = await setUp()
    const channel = await listenOnChannel(db)
    await startTestListener(db.url, pollNever)
    await emit(client)
    await receiver.waitFor(1)
    expect(channel.notifications).toBe(1)
    await eventually(async () => {
      await emitAtOnce(client, 100)
      return channel.announcements > 0
    })
    const before = channel.notifications
    for (let n = 0; n < 50; n++) await emitAtOnce(client, 50)
    // With a plain NOTIFY there would be one for each of these transactions.
    expect(channel.notifications - before).toBeLessThan(25)
  })

  test('with notifications turned off, events are found by polling', async () => {
    const { db, client, receiver } = await setUp()
    await client.query(
      `do $$ begin execute format('alter database %I set outbox.notify = off', current_database()); end $$`,
    )
    const channel = await listenOnChannel(db)
    await startTestListener(db.url, { OUTBOX_POLL_SECONDS: '0.2' })
    await emit(await db.connect())
    await receiver.waitFor(1)
    expect(channel.notifications).toBe(0)
  })
})

async function setUp() {
  const db = await freshDatabase()
  const client = await db.connect()
  const receiver = await startReceiver()
  await addEndpoint(client, { url: receiver.url, max_in_flight: 200 })
  return { db, client, receiver }
}

/**
 * Bursts until the time is up. Returns the events that waited for more than a second after their commit. On a busy machine
 * everything waits, so a control session is notified after each burst, and the events are granted four times its wait in
 * addition. A forgotten event waits for ever, because the poll timer does not help.
 */
async function stress(db: TestDatabase, seconds: number, disturb?: () => Promise<void>): Promise<string[]> {
  const writers = await Promise.all(Array.from({ length: 8 }, () => db.connect()))
  const observer = await db.connect()
  const control = await db.connect()
  await control.query('listen control')
  const waiting = async () =>
    (await observer.query('select event_id from outbox.fanout')).rows.map(row => row.event_id)
  const slowest = { event: 0, control: 0 }
  for (const end = performance.now() + seconds * 1000; performance.now() < end; ) {
    await Promise.all([...writers.map(burst), randomPause().then(disturb)])
    const committed = performance.now()
    const notified = new Promise<void>(resolve => control.once('notification', () => resolve()))
    await observer.query('notify control')
    await notified
    const controlMs = performance.now() - committed
    while ((await waiting()).length > 0) {
      if (performance.now() - committed < 1_000 + 4 * controlMs) continue
      const late = await waiting()
      if (late.length === 0) break
      const came = await eventually(async () => (await waiting()).length === 0).catch(() => null)
      const afterMs = Math.round(performance.now() - committed)
      return late.map(id => `${id}, ${came === null ? 'forgotten' : 'fanned out'} after ${afterMs} ms`)
    }
    slowest.event = Math.max(slowest.event, performance.now() - committed)
    slowest.control = Math.max(slowest.control, controlMs)
  }
  if (process.env.WAKEUP_STRESS_SECONDS) console.info('slowest, in ms:', slowest)
  return []
}

/** Half of the writers are quick and make the listener poll. The others keep their transaction open until it is idle. */
async function burst(writer: pg.Client, index: number): Promise<void> {
  if (index % 2 === 0) return void (await emit(writer, 40))
  await randomPause()
  await writer.query('begin')
  await emit(writer)
  if (index % 4 === 1) {
    await writer.query('savepoint here')
    await emit(writer)
    await writer.query('rollback to here')
  }
  await randomPause()
  await writer.query('commit')
}

const randomPause = () => new Promise<void>(resolve => setTimeout(resolve, Math.random() * 250))

/** Counts the writers' notifications, and the listeners' announcements that they poll. */
async function listenOnChannel(db: TestDatabase) {
  const client = await db.connect()
  const counts = { notifications: 0, announcements: 0 }
  client.on('notification', ({ payload }) => {
    counts[payload === 'polling' ? 'announcements' : 'notifications']++
  })
  await client.query('listen outbox')
  return counts
}
