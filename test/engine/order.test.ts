// Order by key under many writers, several listeners that are killed, and a receiver that fails at random. The order
// checker itself is tested on shuffled records first.
//
// ORDER_VERSIONS sets the number of events per key.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { startListenerProcess } from '../support/listener-process.ts'
import { findDisorder, type Seen } from '../support/order-checker.ts'
import { addEndpoint, deliveryStates, startTestListener } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'

const keys = Array.from({ length: 200 }, (_, i) => `k${i}`)
const versions = Number(process.env.ORDER_VERSIONS ?? 20)
const writers = 20

describe('the order checker', () => {
  const inOrder: Seen[] = keys.flatMap(key =>
    Array.from({ length: versions }, (_, i) => ({ key, version: i + 1 })),
  )

  test('the order checker accepts records in order, including repeats', () => {
    expect(findDisorder(inOrder, keys, versions)).toEqual([])
    expect(findDisorder([...inOrder, ...inOrder.slice(0, 500)], keys, versions)).toEqual([])
  })

  test('the order checker finds a swap, a gap and a missing key', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: keys.length - 1 }),
        fc.integer({ min: 0, max: versions - 2 }),
        (key, i) => {
          const swapped = [...inOrder]
          const at = key * versions + i
          ;[swapped[at], swapped[at + 1]] = [swapped[at + 1]!, swapped[at]!]
          expect(findDisorder(swapped, keys, versions)).toHaveLength(1)
          expect(findDisorder(inOrder.toSpliced(at, 1), keys, versions)).toHaveLength(1)
        },
      ),
    )
    expect(findDisorder(inOrder.slice(versions), keys, versions)).toHaveLength(1)
  })
})

test('events of 200 keys from 20 writers arrive in order per key, over three listeners that are killed in turn', async () => {
  const db = await freshDatabase()
  const client = await db.connect()
  const successes: Seen[] = []
  const receiver = await startReceiver(received => {
    if (Math.random() < 0.1) return 500
    successes.push(JSON.parse(received.body.toString()).data)
    return 200
  })
  await addEndpoint(client, { url: receiver.url, ordering: 'key', max_in_flight: 64 })
  const env = {
    OUTBOX_RETRY_SCHEDULE: '0.05,0.05,0.05,0.05,0.05,0.05,0.05,0.05,0.05,0.05',
    OUTBOX_POLL_SECONDS: '0.5',
    OUTBOX_LEASE_SECONDS: '6',
    OUTBOX_REQUEST_TIMEOUT_SECONDS: '1',
  }
  const listeners = await Promise.all([1, 2, 3].map(() => startListenerProcess(db.url, env)))
  await client.query('create table versions (key text primary key, version int not null)')
  await client.query('insert into versions select unnest($1::text[]), 0', [keys])

  const write = async () => {
    const writer = await db.connect()
    for (let n = 0; n < (keys.length * versions) / writers; n++) {
      await writer.query(
        `with next as (
           update versions set version = version + 1
           where key = (select key from versions where version < $1 order by random() limit 1 for update skip locked)
           returning key, version
         )
         select outbox.emit('version.made', jsonb_build_object('key', key, 'version', version), key) from next`,
        [versions],
      )
    }
  }
  const writing = Promise.all(Array.from({ length: writers }, write))
  let done = false
  const killing = (async () => {
    for (let n = 0; !done; n++) {
      await eventually(() => done || successes.length > (n + 1) * 800, { timeoutMs: 60_000 })
      if (done) return
      listeners[n % 3]!.signal('SIGKILL')
      await listeners[n % 3]!.exited
      listeners[n % 3] = await startListenerProcess(db.url, env)
    }
  })()
  try {
    await writing
    // A writer that found every row locked wrote nothing in that turn. The missing versions are written here.
    await client.query(
      `select outbox.emit('version.made', jsonb_build_object('key', key, 'version', v), key)
       from versions, generate_series(version + 1, $1) as v order by key, v`,
      [versions],
    )
    await eventually(async () => (await deliveryStates(client)).delivered === keys.length * versions, {
      timeoutMs: 60_000,
    })
  } finally {
    done = true
    await killing
  }
  expect(findDisorder(successes, keys, versions)).toEqual([])
  for (const listener of listeners) {
    listener.signal('SIGTERM')
    expect(await listener.exited).toBe(0)
  }
})

test('the next event of a key is sent as soon as the one before is settled, not at the next poll', async () => {
  const db = await freshDatabase()
  const client = await db.connect()
  const receiver = await startReceiver()
  await addEndpoint(client, { url: receiver.url, ordering: 'key' })
  await client.query(
    `select outbox.emit('a.b', jsonb_build_object('version', v), 'k') from generate_series(1, 30) as v`,
  )
  await startTestListener(db.url, { OUTBOX_POLL_SECONDS: '3600' })
  const requests = await receiver.waitFor(30)
  expect(requests.map(r => JSON.parse(r.body.toString()).data.version)).toEqual(
    Array.from({ length: 30 }, (_, i) => i + 1),
  )
})
