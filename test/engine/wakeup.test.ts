// Quiet wake-up under a stress that tries to break it: bursts that wake the listener, and transactions that looked while it
// was awake and commit around its falling asleep. The poll timer is set so long that it cannot help, and after each burst
// nothing else happens, so that no later event can help either.
//
// WAKEUP_STRESS_SECONDS sets how long each of the two goes on, and has them say what was slowest.
import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { type ReplicaProcess, startReplicaProcess } from '../support/listener-process.ts'
import { addEndpoint, deliveryStates, emit, emitAtOnce, startTestListener } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'

const stressSeconds = Number(process.env.WAKEUP_STRESS_SECONDS ?? 4)
const pollNever = { OUTBOX_POLL_SECONDS: '3600' }

describe('quiet wake-up', () => {
  test(
    'no event is late, whenever its transaction commits around the listener’s falling asleep',
    async () => {
      const { db } = await scene()
      await startTestListener(db.url, pollNever)
      const late = await stress(db, stressSeconds)
      expect(late).toEqual([])
    },
    (stressSeconds + 60) * 1000,
  )

  test(
    'nor while replicas join and die, also awake',
    async () => {
      const { db } = await scene()
      const replicas: ReplicaProcess[] = [
        await startReplicaProcess(db.url, pollNever),
        await startReplicaProcess(db.url, pollNever),
      ]
      const late = await stress(db, stressSeconds, async () => {
        const victim = replicas.shift()!
        victim.signal('SIGKILL')
        await victim.exited
        replicas.push(await startReplicaProcess(db.url, pollNever))
      })
      expect(late).toEqual([])
    },
    (stressSeconds + 60) * 1000,
  )

  // Where nobody has ended after it, Postgres's own upper end of a snapshot says nothing of it.
  test('nor one of the newest transaction, which saw the listener awake', async () => {
    const { db, client, receiver } = await scene()
    const heard = await hear(db)
    const replica = await startTestListener(db.url, pollNever)
    const writer = await db.connect()
    const isAwake = async () =>
      (await client.query('select outbox.listener_is_polling() as awake')).rows[0].awake
    let emitted = 0
    await eventually(async () => {
      await emitAtOnce(client, 100)
      emitted += 100
      await receiver.waitFor(emitted)
      await eventually(async () => (await deliveryStates(client)).delivered === emitted)
      await writer.query('begin')
      await emit(writer)
      if (await isAwake()) return true
      await writer.query('rollback')
      return false
    })
    const notified = heard.notifications
    await eventually(async () => !(await isAwake()))
    const { rows } = await client.query('select clock_timestamp() as now')
    await eventually(async () => {
      const looks = `select from pg_stat_activity
                     where application_name = $1 and query like '%Fans new events out%' and query_start > $2`
      return (await client.query(looks, [replica.name, rows[0].now])).rowCount! > 0
    })
    await writer.query('commit')
    await receiver.waitFor(emitted + 1)
    expect(heard.notifications).toBe(notified)
  })

  test('a sleeping listener is notified, and an awake one is not', async () => {
    const { db, client, receiver } = await scene()
    const heard = await hear(db)
    await startTestListener(db.url, pollNever)
    await emit(client)
    await receiver.waitFor(1)
    expect(heard.notifications).toBe(1)
    await eventually(async () => {
      await emitAtOnce(client, 100)
      return heard.awake > 0
    })
    const before = heard.notifications
    for (let n = 0; n < 50; n++) await emitAtOnce(client, 50)
    // With a plain NOTIFY there was one for each of these transactions.
    expect(heard.notifications - before).toBeLessThan(25)
  })

  test('with notifications turned off, events are found by polling', async () => {
    const { db, client, receiver } = await scene()
    await client.query(
      `do $$ begin execute format('alter database %I set outbox.notify = off', current_database()); end $$`,
    )
    const heard = await hear(db)
    await startTestListener(db.url, { OUTBOX_POLL_SECONDS: '0.2' })
    await emit(await db.connect())
    await receiver.waitFor(1)
    expect(heard.notifications).toBe(0)
  })
})

async function scene() {
  const db = await freshDatabase()
  const client = await db.connect()
  const receiver = await startReceiver()
  await addEndpoint(client, { url: receiver.url, max_in_flight: 200 })
  return { db, client, receiver }
}

/**
 * Bursts until the time is up. Returns the events that waited for more than a second after they were committed. A machine
 * that is busy with others lets everybody wait: so a control session is notified after each burst, and what it waits for
 * its notification is granted to the events, too. One that was forgotten waits for ever, as the poll timer does not help.
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
    const heard = new Promise<void>(resolve => control.once('notification', () => resolve()))
    await observer.query('notify control')
    await heard
    const controlMs = performance.now() - committed
    while ((await waiting()).length > 0) {
      if (performance.now() - committed < 1_000 + 4 * controlMs) continue
      const late = await waiting()
      if (late.length === 0) break
      const came = await eventually(async () => (await waiting()).length === 0).catch(() => null)
      const afterMs = Math.round(performance.now() - committed)
      return late.map(id => `${id}, ${came === null ? 'forgotten' : 'looked at'} after ${afterMs} ms`)
    }
    slowest.event = Math.max(slowest.event, performance.now() - committed)
    slowest.control = Math.max(slowest.control, controlMs)
  }
  if (process.env.WAKEUP_STRESS_SECONDS) console.info('slowest, in ms:', slowest)
  return []
}

/** Half of the writers are quick, and wake the listener; the others hold their transaction open beyond its bedtime. */
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

/** What goes over the channel: writers' notifications, and listeners that say they are awake. */
async function hear(db: TestDatabase) {
  const client = await db.connect()
  const heard = { notifications: 0, awake: 0 }
  client.on('notification', ({ payload }) => {
    heard[payload === 'awake' ? 'awake' : 'notifications']++
  })
  await client.query('listen outbox')
  return heard
}
