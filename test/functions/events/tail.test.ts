// GET /v1/events/tail: each event once and none left out, however transactions commit.
import fc from 'fast-check'
import type pg from 'pg'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Api, startApi } from '../api.ts'
import { untilReadable as readable, TailClient } from '../tail-client.ts'

let api: Api
let writers: pg.Client[]
beforeAll(async () => {
  api = await startApi({ OUTBOX_API_KEYS: 'dev:admin:dev,reader:read:r,seven:read:k7:7' })
  writers = await Promise.all(Array.from({ length: 4 }, () => api.database.connect()))
})
beforeEach(async () => {
  await Promise.all(writers.map(writer => writer.query('rollback')))
  await untilReadable()
})

const untilReadable = () => readable(api.db)

interface Told {
  readonly type: string
  readonly data?: unknown
}

class Client extends TailClient<Told, string> {
  constructor(query = '', key = 'dev') {
    super(api, `/v1/events/tail?wait_seconds=0&${query}`, { key, see: ({ type }) => type })
  }
}

const emit = (client: pg.Client, type: string, tenant: string | null = null) =>
  client.query(`select outbox.emit($1, '{"secret": 1}', null, $2)`, [type, tenant])

test('begins with what is committed from then on', async () => {
  await emit(api.db, 'before')
  await untilReadable()
  const client = new Client()
  await client.connect()
  await emit(api.db, 'after')
  await untilReadable()
  await client.connect()
  expect(client.seen).toEqual(['after'])
})

test('has what a transaction wrote that was open when the tail began, and one that commits after later ones', async () => {
  const [early, late] = writers as [pg.Client, pg.Client]
  await early.query('begin')
  await emit(early, 'open.before')
  const client = new Client()
  await client.connect()
  await late.query('begin')
  await emit(late, 'late')
  await emit(api.db, 'quick')
  await client.connect()
  await early.query('commit')
  await client.connect()
  await late.query('commit')
  await untilReadable()
  await client.connect()
  expect(client.seen.toSorted()).toEqual(['late', 'open.before', 'quick'])
})

test('goes on after any message, and no order of commits makes it leave out or repeat an event', async () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('emit' as const), writer: fc.nat(3) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('commit', 'rollback'), writer: fc.nat(3) }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('read' as const), until: fc.integer({ min: 1, max: 4 }) }),
    },
  )
  let total = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async steps => {
      await untilReadable()
      const client = new Client()
      await client.connect()
      const open: (string[] | null)[] = [null, null, null, null]
      const committed: string[] = []
      for (const [n, step] of steps.entries()) {
        if (step.do === 'read') {
          await client.connect(step.until)
          continue
        }
        const writer = writers[step.writer]!
        if (step.do === 'emit') {
          if (!open[step.writer]) await writer.query('begin')
          open[step.writer] = [...(open[step.writer] ?? []), `e${n}`]
          await emit(writer, `e${n}`)
          continue
        }
        await writer.query(step.do)
        if (step.do === 'commit') committed.push(...(open[step.writer] ?? []))
        open[step.writer] = null
      }
      for (const [i, types] of open.entries()) {
        await writers[i]!.query('commit')
        committed.push(...(types ?? []))
      }
      await untilReadable()
      for (let reads = 0; reads < 5; reads++) await client.connect()
      expect(client.seen.toSorted()).toEqual(committed.toSorted())
      total += committed.length
    }),
    { numRuns: 15 },
  )
  expect(total).toBeGreaterThan(20)
})

describe('shows', () => {
  test('no payload unless asked', async () => {
    const [plain, full] = [new Client(), new Client('include=data')]
    await Promise.all([plain.connect(), full.connect()])
    await emit(api.db, 'payload')
    await untilReadable()
    expect((await plain.connect())[0]!.data).not.toHaveProperty('data')
    expect((await full.connect())[0]!.data).toMatchObject({ type: 'payload', data: { secret: 1 } })
  })

  test('a tenant its own, and what was filtered for', async () => {
    const clients = [new Client('', 'k7'), new Client('type=b', 'r'), new Client('tenant=8')] as const
    for (const client of clients) await client.connect()
    for (const [type, tenant] of [
      ['a', '7'],
      ['b', '8'],
      ['c', null],
    ] as const)
      await emit(api.db, type, tenant)
    await untilReadable()
    for (const client of clients) await client.connect()
    expect(clients.map(({ seen }) => seen)).toEqual([['a'], ['b'], ['b']])
    const headers = { 'last-event-id': clients[2].lastId! }
    const stolen = await api.get('/v1/events/tail?wait_seconds=0', { headers, key: 'k7' })
    expect(stolen.status).toBe(400)
  })
})

test.each(['wait_seconds=21', 'wait_seconds=-1', 'include=all', 'other=1'])('?%s is refused', async query => {
  const answer = await api.get(`/v1/events/tail?${query}`)
  expect(answer.body.errors[0].path).toBe(query.split('=')[0])
})
