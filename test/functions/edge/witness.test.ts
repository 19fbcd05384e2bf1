// The witness holds nobody who need not be held, and every kind of run asks it.
import { expect, test } from 'vitest'
import { heldSentences } from '../../../drizzle/identity.ts'
import { runCron } from '../../../functions/cron/run.ts'
import { consume } from '../../../functions/edge/consume.ts'
import { createEdge } from '../../../functions/edge/edge.ts'
import { freshDatabase, type TestDatabase } from '../../support/database.ts'
import { startDoorbellApi } from '../../support/doorbell.ts'
import { startObject } from '../../support/durable-object.ts'
import { startEdgeApi } from '../../support/edge.ts'
import { startDispatcher } from '../../support/edge-queues.ts'
import { eventually } from '../../support/eventually.ts'
import { addEndpoint, emit } from '../../support/outbox.ts'
import { startReceiver } from '../../support/receiver.ts'
import { testSettings } from '../../support/settings.ts'

const startWitness = () => startObject(createEdge().Doorbell, () => ({}))

const cron = ({ env }: TestDatabase, OUTBOX_DOORBELL: unknown) =>
  runCron({ ...testSettings, ...env, OUTBOX_DOORBELL } as never)

const silent = {
  idFromName: (name: string) => name,
  get: () => ({ fetch: () => Promise.reject(new Error('unreachable')) }),
}

/** As from a backup of a moment before the last run that counted. */
const goBack = 'update outbox.identity set epoch = epoch - 1'

test('runs that overlap are not held, however their questions and answers mix', async () => {
  const db = await freshDatabase()
  const { binding } = startWitness()
  let calls = 0
  const slow = {
    ...binding,
    get: (id: unknown) => ({
      async fetch(url: string, init: RequestInit) {
        await new Promise(resolve => setTimeout(resolve, (calls++ * 7) % 40))
        return binding.get(id).fetch(url, init)
      },
    }),
  }
  for (let round = 0; round < 5; round++) {
    const reports = await Promise.all(Array.from({ length: 8 }, () => cron(db, slow)))
    expect(reports.map(({ held }) => held)).toEqual(Array(8).fill(null))
  }
})

test('a witness that has forgotten everything, another one, and one that does not answer hold nobody', async () => {
  const db = await freshDatabase()
  const [one, other] = [startWitness(), startWitness()]
  for (const { binding } of [one, one, other, one, { binding: silent }, other, one, startWitness()])
    expect(await cron(db, binding)).toMatchObject({ held: null, stopped: 'nothing due' })
})

test('a witness that does not answer lets nobody go who is held without it', async () => {
  const db = await freshDatabase()
  const { binding } = startWitness()
  expect(await cron(db, binding)).toMatchObject({ held: null })
  await (await db.connect()).query(`update outbox.identity set facts = '{"system": "1", "database": "2"}'`)
  for (const witness of [silent, binding])
    expect(await cron(db, witness)).toMatchObject({ stopped: 'held', held: heldSentences.copy })
})

test('what an overtaken run tells it does not make it forget a later one', async () => {
  const db = await freshDatabase()
  const { binding } = startWitness()
  expect(await cron(db, binding)).toMatchObject({ held: null })
  const [begun, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const slow = {
    ...binding,
    get: (id: unknown) => ({
      async fetch(url: string, init: RequestInit) {
        if (url.endsWith('/saw')) {
          begun.resolve()
          await goOn.promise
        }
        return binding.get(id).fetch(url, init)
      },
    }),
  }
  const overtaken = cron(db, slow)
  await begun.promise
  expect(await cron(db, binding)).toMatchObject({ held: null })
  goOn.resolve()
  expect(await overtaken).toMatchObject({ held: null })
  await (await db.connect()).query(goBack)
  expect(await cron(db, binding)).toMatchObject({ held: heldSentences.older })
})

test('a witness that has seen one database says nothing of another', async () => {
  const { binding } = startWitness()
  const [first, second] = [await freshDatabase(), await freshDatabase()]
  for (let runs = 0; runs < 3; runs++) expect(await cron(first, binding)).toMatchObject({ held: null })
  for (let runs = 0; runs < 2; runs++) expect(await cron(second, binding)).toMatchObject({ held: null })
  expect(await cron(first, binding)).toMatchObject({ held: null })
})

test('what it has seen survives the restart of the Durable Object', async () => {
  const db = await freshDatabase()
  const witness = startWitness()
  for (let runs = 0; runs < 2; runs++) expect(await cron(db, witness.binding)).toMatchObject({ held: null })
  witness.restart()
  await (await db.connect()).query(goBack)
  // However often it asks: a run that is held does not count.
  for (let runs = 0; runs < 3; runs++)
    expect(await cron(db, witness.binding)).toMatchObject({ held: heldSentences.older, nextInSeconds: null })
})

test.each([
  ['the doorbell', startDoorbellApi],
  ['the dispatcher of edge sending', startEdgeApi],
])('in workerd %s is the witness, and GET /v1/system says why nothing is sent', async (_, start) => {
  const api = await start()
  const receiver = await startReceiver()
  await addEndpoint(api.db, { url: receiver.url })
  for (let runs = 0; runs < 2; runs++) expect(await api.worker.scheduled()).toBe('ok')
  await eventually(async () =>
    expect((await api.db.query('select epoch::int from outbox.identity')).rows).not.toEqual([{ epoch: 0 }]),
  )
  await api.db.query(goBack)
  await emit(api.db)
  await api.post('/v1/ring', undefined)
  await api.worker.scheduled()
  await eventually(async () =>
    expect((await api.get('/v1/system')).body).toMatchObject({ state: 'held', reason: heldSentences.older }),
  )
  expect(receiver.requests).toHaveLength(0)
  const { facts } = (await api.get('/v1/system')).body
  await api.post('/v1/system/adopt', { as: 'replacement', facts }, { headers: { 'idempotency-key': 'one' } })
  await receiver.waitFor(1)
})

test('consumers of edge sending ask it too: a token that has waited in the queue sends nothing of an older database', async () => {
  const db = await freshDatabase()
  const client = await db.connect()
  const receiver = await startReceiver()
  await addEndpoint(client, { url: receiver.url })
  const { dispatcher, tokens, env } = startDispatcher(db)
  for (let runs = 0; runs < 2; runs++) expect(await runCron(env)).toMatchObject({ held: null })
  await emit(client)
  await dispatcher.fire()
  await consume(env, tokens.pop()!, 'fast')
  expect(receiver.requests).toHaveLength(1)

  await emit(client)
  await dispatcher.fire()
  await client.query(goBack)
  await consume(env, tokens.pop()!, 'fast')
  expect(receiver.requests).toHaveLength(1)
  expect((await client.query('select outbox.held_reason()')).rows).toEqual([{ held_reason: 'older' }])
})
