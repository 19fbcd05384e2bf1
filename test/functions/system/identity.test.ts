// GET /v1/system and POST /v1/system/adopt: which database this is, and what an operator may say of a copy.
import { describe, expect, test } from 'vitest'
import { heldSentences } from '../../../drizzle/identity.ts'
import { deliveryStates, emit, greedy, storeOn } from '../../support/outbox.ts'
import { startReceiver } from '../../support/receiver.ts'
import { type Api, startApi } from '../api.ts'

const elsewhere = { system: '1', database: '2' }

/** The cron function has sent from another database, of which this one is a copy. */
async function startCopy(): Promise<Api> {
  const api = await startApi({ OUTBOX_API_KEYS: 'dev:admin:dev,viewer:read:look,acme:admin:acme:acme' })
  await api.worker.scheduled()
  await api.db.query('update outbox.identity set facts = $1', [elsewhere])
  return api
}

const factsOf = async (api: Api) => (await api.get('/v1/system')).body.facts

describe('GET /v1/system', () => {
  test('names a database from which nobody has sent yet, and then the one that sends', async () => {
    const api = await startApi()
    const facts = { system: expect.stringMatching(/^\d+$/), database: expect.stringMatching(/^\d+$/) }
    expect((await api.get('/v1/system')).body).toEqual({
      state: 'unbound',
      reason: null,
      facts,
      bound: null,
      held_senders: [],
    })
    await api.worker.scheduled()
    const { host } = new URL(api.database.url)
    expect((await api.get('/v1/system')).body).toEqual({
      state: 'bound',
      reason: null,
      facts,
      bound: {
        facts,
        addresses: [host.replace('127.0.0.1', 'localhost')],
        by: 'cron',
        at: expect.stringMatching(/Z$/),
        adopted_as: null,
        adopted_at: null,
      },
      held_senders: [],
    })
  })

  test('says that a copy is held, why, and who asks; everything else is answered, and events are kept', async () => {
    const api = await startCopy()
    const receiver = await startReceiver()
    expect((await api.post('/v1/endpoints', { url: receiver.url })).status).toBe(201)
    expect((await api.post('/v1/events', { type: 'a.b', data: {} })).status).toBe(202)
    expect(await api.worker.scheduled()).toBe('ok')
    expect((await api.get('/v1/system', { key: 'look' })).body).toMatchObject({
      state: 'held',
      reason: heldSentences.copy,
      bound: { facts: elsewhere },
      held_senders: [{ sender: 'cron', address: expect.stringMatching(/^localhost:\d+$/) }],
    })
    expect((await api.get('/v1/listeners')).body.held).toBe(heldSentences.copy)
    expect((await api.get('/metrics')).text).toMatch(/^outbox_database_held 1$/m)
    expect((await api.get('/healthz')).status).toBe(200)
    expect(api.worker.logs().filter(line => line.includes(heldSentences.copy))).toHaveLength(1)
    expect(receiver.requests).toHaveLength(0)
  })
})

describe('POST /v1/system/adopt', () => {
  test('is for admin keys without a tenant', async () => {
    const api = await startCopy()
    const wanted = { as: 'replacement', facts: await factsOf(api) }
    for (const key of ['look', 'acme'])
      expect((await api.post('/v1/system/adopt', wanted, { key })).status).toBe(403)
    expect((await api.get('/v1/system', { key: 'acme' })).status).toBe(403)
    expect((await api.get('/v1/system')).body.state).toBe('held')
  })

  test('as a replacement lets everything go that waits, and stands in the audit', async () => {
    const api = await startCopy()
    const receiver = await startReceiver()
    await api.post('/v1/endpoints', { url: receiver.url })
    await emit(api.db, 2)
    await api.worker.scheduled()
    await api.db.query(`update outbox.held_senders set since = since - interval '1 minute'`)
    const facts = await factsOf(api)
    const adopted = await api.post('/v1/system/adopt', { as: 'replacement', facts })
    expect(adopted.body).toEqual({ adopted: true, canceled: 0, paused: 0 })
    expect((await api.get('/v1/system')).body).toMatchObject({ state: 'bound', held_senders: [] })
    await api.worker.scheduled()
    expect(receiver.requests).toHaveLength(2)
    expect((await api.get('/v1/system')).body).toMatchObject({
      state: 'bound',
      bound: { facts, adopted_as: 'replacement', adopted_at: expect.stringMatching(/Z$/) },
    })
    const [entry] = (await api.get('/v1/audit')).body.data
    expect(entry).toMatchObject({
      who: 'dev',
      action: 'system.adopted',
      changes: { as: { from: null, to: 'replacement' } },
    })
  })

  test('as a new database cancels what waits, however it waits, pauses endpoints and ends replays', async () => {
    const api = await startCopy()
    const { id } = (await api.post('/v1/endpoints', { url: 'https://example.com/hook' })).body
    await emit(api.db, 3)
    // Of three deliveries one is leased in a group, one by itself, and one is due.
    const store = storeOn(api.db)
    await store.take(greedy('listener-x:1', { leaseLimit: 1 }))
    await store.take(greedy('listener-x:2', { leaseLimit: 1 }))
    await emit(api.db, 2)
    await api.post(`/v1/endpoints/${id}/replay`, { since: '2026-01-01T00:00:00Z', only: 'all' })
    const adopted = await api.post('/v1/system/adopt', { as: 'new', facts: await factsOf(api) })
    expect(adopted.body).toEqual({ adopted: true, canceled: 5, paused: 1 })
    expect(await deliveryStates(api.db)).toEqual({ canceled: 3 })
    expect((await api.get(`/v1/endpoints/${id}`)).body.state).toBe('paused')
    expect((await api.get('/v1/replays')).body.data).toMatchObject([{ state: 'canceled' }])
    expect((await api.get('/v1/deliveries')).body.data[0].reason).toBe('database adopted as a new one')
    expect((await api.get('/v1/system')).body.state).toBe('bound')
  })

  test('cancels very much in several requests, and sends nothing until all of it is canceled', async () => {
    const api = await startCopy()
    const receiver = await startReceiver()
    await api.post('/v1/endpoints', { url: receiver.url })
    await api.db.query(
      `insert into outbox.delivery_rows (endpoint_id, event_id, state) select 1, n, 'pending' from generate_series(1, 30000) as n`,
    )
    const wanted = { as: 'new', facts: await factsOf(api) }
    expect((await api.post('/v1/system/adopt', wanted)).body).toMatchObject({
      adopted: false,
      canceled: 20_000,
      paused: 1,
    })
    await api.db.query(`update outbox.endpoints set state = 'active'`)
    await api.worker.scheduled()
    expect(receiver.requests).toHaveLength(0)
    expect((await api.post('/v1/system/adopt', wanted)).body).toEqual({
      adopted: true,
      canceled: 10_000,
      paused: 1,
    })
    expect(await deliveryStates(api.db)).toEqual({ canceled: 30_000 })
  })

  test('is refused where nothing is held, and for the facts of another database', async () => {
    const api = await startCopy()
    const facts = await factsOf(api)
    const other = await api.post('/v1/system/adopt', { as: 'new', facts: elsewhere })
    expect(other).toMatchObject({ status: 409, body: { type: 'urn:outbox:problem:other-database' } })
    expect((await api.post('/v1/system/adopt', { as: 'replacement', facts })).status).toBe(200)
    const again = await api.post('/v1/system/adopt', { as: 'new', facts })
    expect(again).toMatchObject({ status: 409, body: { type: 'urn:outbox:problem:not-held' } })
    expect((await api.get('/v1/audit')).body.data).toHaveLength(1)
  })
})
