// While a database is held nobody touches what waits in it: it is not fanned out, claimed, rescued, canceled or let go. Whoever
// sends, or only helps to, is asked here in turn; and once the database is adopted, each of them does what it had left.
import type pg from 'pg'
import { expect, test } from 'vitest'
import { heldSentences } from '../../drizzle/identity.ts'
import { runCron } from '../../functions/cron/run.ts'
import { consume } from '../../functions/edge/consume.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { startDispatcher } from '../support/edge-queues.ts'
import { eventually } from '../support/eventually.ts'
import { askedInVain } from '../support/held-senders.ts'
import { startListenerProcess } from '../support/listener-process.ts'
import { addEndpoint, emit, endLeases, greedy, startTestListener, storeOn } from '../support/outbox.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { dumpRows } from '../support/restore.ts'
import { testSettings } from '../support/settings.ts'
import { success } from '../support/settlements.ts'

const retention = { OUTBOX_RETENTION_DAYS: '30' }
const quickPoll = { ...retention, OUTBOX_POLL_SECONDS: '0.2' }
const ear = {
  ...{ OUTBOX_ROLE: 'ear', OUTBOX_RING_KEY: 'look', OUTBOX_MASTER_KEYS: '' },
  OUTBOX_RING_URL: 'http://127.0.0.1:1/v1/ring',
}
const elsewhere = { system: '1', database: '2' }
const inTime = { timeoutMs: 60_000 }

interface Work {
  /** Events that are no deliveries yet. */
  readonly unfanned: number
  readonly due: number
  /** Leases of a sender that has died. */
  readonly lost: number
  /** What waits for an endpoint that was deleted. */
  readonly orphaned: number
  /** Events past the retention time. */
  readonly old: number
}

const all: Work = { unfanned: 1, due: 1, lost: 2, orphaned: 1, old: 3 }

interface Scene {
  readonly db: TestDatabase
  readonly client: pg.Client
  readonly receiver: Receiver
}

/** A copy, made when there was work of every kind. */
async function startCopy(): Promise<Scene> {
  const db = await freshDatabase()
  const client = await db.connect()
  const receiver = await startReceiver()
  const store = storeOn(client)
  await addEndpoint(client, { url: receiver.url, event_types: ['a', 'old'] })
  const deleted = await addEndpoint(client, { url: receiver.url, event_types: ['orphaned'] })
  expect(await runCron({ ...testSettings, ...db.env })).toMatchObject({ held: null })
  await emit(client, 3, { type: 'old' })
  await store.settleIfLeased((await store.take(greedy('x:1'))).deliveries.map(success))
  await client.query(`update outbox.partitions set opened_at = opened_at - interval '40 days'`)
  await store.keepPartitions(86_400)
  await client.query(`update outbox.partitions set closed_at = closed_at - interval '40 days'`)
  await emit(client, 2, { type: 'a' })
  expect((await store.take(greedy('dead-listener:1'))).deliveries).toHaveLength(2)
  await endLeases(client)
  await emit(client, 1, { type: 'a' })
  await emit(client, 1, { type: 'orphaned' })
  await store.fanOut(greedy('x:2', { leaseLimit: 0 }))
  await client.query(
    `update outbox.endpoints set state = 'disabled', disabled_reason = 'manual', deleted_at = now() where id = $1`,
    [deleted.id],
  )
  await emit(client, 1, { type: 'a' })
  await client.query('update outbox.identity set facts = $1', [elsewhere])
  expect(await workIn(client)).toEqual(all)
  return { db, client, receiver }
}

async function workIn(client: pg.Client): Promise<Work> {
  const { rows } = await client.query(`
    with leases as (
      select endpoint_id, unnest(event_ids) as event_id from outbox.delivery_groups where leased_until < now()
      union all
      select endpoint_id, event_id from outbox.delivery_rows where state = 'sending' and leased_until < now()
    )
    select
      (select count(*)::int from outbox.fanout) as unfanned,
      (select count(*)::int from leases) as lost,
      (select count(*)::int from outbox.events where type = 'old') as old,
      count(*) filter (where deleted_at is null)::int as due,
      count(*) filter (where deleted_at is not null)::int as orphaned
    from outbox.delivery_rows d
    join outbox.endpoints p on p.id = d.endpoint_id
    where d.state = 'pending'`)
  return rows[0]
}

/** All rows but those that say who is held. */
async function rowsOf({ url }: TestDatabase): Promise<ReadonlyMap<string, string>> {
  const rows = new Map(await dumpRows(url))
  rows.delete('held_senders')
  return rows
}

const adopt = (client: pg.Client) =>
  client.query(`select outbox.adopt('replacement', outbox.database_facts(), 1000)`)

interface Sender {
  /** While the database is held. */
  readonly ask: () => Promise<unknown>
  /** Once it is adopted: what does not go on by itself. */
  readonly goOn?: () => Promise<unknown>
}

const cases: [string, (scene: Scene) => Sender | Promise<Sender>, Partial<Work>][] = [
  [
    'a listener',
    ({ db, client }) => ({
      ask: async () => {
        await startTestListener(db.url, quickPoll)
        await askedInVain(client)
      },
    }),
    { unfanned: 0, due: 0, lost: 0, orphaned: 0, old: 0 },
  ],
  [
    'a listener that sleeps when there is nothing to do',
    ({ db, client }) => ({
      ask: async () => {
        const listener = await startTestListener(db.url, { ...quickPoll, OUTBOX_SLEEP_AFTER_SECONDS: '1' })
        await askedInVain(client)
        expect(listener.isAsleep()).toBe(false)
      },
    }),
    { unfanned: 0, due: 0, lost: 0, orphaned: 0, old: 0 },
  ],
  [
    'an ear',
    ({ db, client }) => ({
      ask: async () => {
        await startListenerProcess(db.url, { ...quickPoll, ...ear }, { says: heldSentences.copy })
        await askedInVain(client)
      },
    }),
    { lost: 0, orphaned: 0, old: 0 },
  ],
  [
    'the cron function',
    ({ db, client }) => {
      const run = () => runCron({ ...testSettings, ...retention, ...db.env })
      return {
        ask: async () => expect(await run()).toMatchObject({ stopped: 'held', rescued: 0, delivered: 0 }),
        goOn: async () => {
          expect(await run()).toMatchObject({ held: null, rescued: 2, delivered: 4 })
          // A transaction in another database may have been in the way of retention.
          await eventually(async () => (await run()) && (await workIn(client)).old === 0, inTime)
        },
      }
    },
    { unfanned: 0, due: 0, lost: 0, old: 0 },
  ],
  [
    'the dispatcher of edge sending',
    ({ db }) => {
      const { dispatcher, tokens } = startDispatcher(db)
      return {
        ask: async () => {
          await dispatcher.fire()
          expect(tokens).toEqual([])
        },
        goOn: async () => {
          await dispatcher.fire()
          expect(tokens).toHaveLength(1)
        },
      }
    },
    { unfanned: 0 },
  ],
  [
    'a consumer of edge sending, whose token has waited in the queue,',
    async ({ db, client }) => {
      const { dispatcher, tokens, env } = startDispatcher(db)
      await client.query('update outbox.identity set facts = outbox.database_facts()')
      await dispatcher.fire()
      await client.query('update outbox.identity set facts = $1', [elsewhere])
      const consumeNext = () => consume(env, tokens.pop()!, 'fast')
      return {
        ask: consumeNext,
        goOn: async () => {
          await dispatcher.fire()
          await consumeNext()
        },
      }
    },
    { due: 0 },
  ],
]

test.each(cases)('%s leaves everything as it is, until it is adopted', async (_, start, done) => {
  const scene = await startCopy()
  const { db, client, receiver } = scene
  const { ask, goOn } = await start(scene)
  const before = await rowsOf(db)
  await ask()
  expect(receiver.requests).toHaveLength(0)
  expect(await rowsOf(db)).toEqual(before)
  await adopt(client)
  await goOn?.()
  await eventually(async () => expect(await workIn(client)).toMatchObject(done), inTime)
})
