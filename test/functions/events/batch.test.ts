// POST /v1/events/batch: one statement writes all events in their order, or none; what is refused names its place.
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startNeonProxy } from '../../../dev/neon-proxy.ts'
import { atEnd } from '../../support/cleanup.ts'
import { addEndpoint, startTestListener } from '../../support/outbox.ts'
import { startReceiver } from '../../support/receiver.ts'
import { type Answer, type Api, type Call, startApi } from '../api.ts'

const keys = 'dev:admin:dev,seven:admin:k7:7,look:read:look'
let api: Api
let roundTrips: () => number
beforeAll(async () => {
  const proxy = await startNeonProxy({ port: 0 })
  atEnd(() => proxy.stop())
  roundTrips = () => proxy.stats.requests
  api = await startApi({ OUTBOX_API_KEYS: keys, NEON_PROXY: proxy.url })
})
beforeEach(() => api.db.query('truncate outbox.events, outbox.fanout'))

const path = '/v1/events/batch'
const post = (events: unknown, options?: Call) => api.post(path, { events }, options)
/** One event in exactly these words, between two good ones. */
const around = (event: string) => `{"events":[{"type":"a","data":1},${event},{"type":"a","data":3}]}`
const postText = (body: string, headers: Record<string, string> = {}) =>
  api.call('POST', path, { body, headers: { 'content-type': 'application/json', ...headers } })
const numbered = (count: number) => Array.from({ length: count }, (_, n) => ({ type: 'n', data: n }))
const idsOf = ({ body }: Answer): string[] => body.data.map((event: { id: string }) => event.id)
const stored = async () =>
  (await api.db.query('select type, data::text, key, tenant from outbox.events order by id')).rows
const eventCount = async () => (await api.db.query('select from outbox.events')).rowCount
const same = ({ status, text }: Answer) => ({ status, text })

test('answers 202 with the ids in the order of the events, which can be read and are fanned out', async () => {
  const answer = await post([
    { type: 'invoice.paid', data: { total: 5 }, key: 'i/1', tenant: '7' },
    { type: 'invoice.sent', data: null },
  ])
  expect(answer.status, answer.text).toBe(202)
  const [paid, sent] = idsOf(answer)
  expect(answer.body).toEqual({ data: [{ id: paid }, { id: sent }] })
  expect((await api.get(`/v1/events/${paid}`)).body).toMatchObject({
    type: 'invoice.paid',
    key: 'i/1',
    tenant: '7',
    data: { total: 5 },
    deliveries: [],
  })
  expect((await api.get(`/v1/events/${sent}`)).body).toMatchObject({ key: null, tenant: null, data: null })
  expect((await api.db.query('select from outbox.fanout')).rowCount).toBe(2)
  expect((await api.db.query('select distinct actor from outbox.events')).rows).toEqual([{ actor: 'dev' }])
})

test('500 events get ascending ids in the order of the request', async () => {
  const answer = await post(numbered(500))
  expect(answer.status).toBe(202)
  const ids = idsOf(answer)
  expect(ids).toHaveLength(500)
  expect(ids).toEqual(ids.toSorted())
  expect((await stored()).map(({ data }) => Number(data))).toEqual(numbered(500).map(({ data }) => data))
  expect((await api.get(`/v1/events/${ids[321]}`)).body.data).toBe(321)
})

test('events of a key reach an endpoint in their order', async () => {
  const receiver = await startReceiver()
  await addEndpoint(api.db, { url: `${receiver.url}/hook`, ordering: 'key', event_types: ['ordered'] })
  const listener = await startTestListener(api.database.url)
  await post(Array.from({ length: 20 }, (_, data) => ({ type: 'ordered', data, key: 'k' })))
  const received = await receiver.waitFor(20)
  expect(received.map(({ body }) => JSON.parse(body.toString()).data)).toEqual([...Array(20).keys()])
  await listener.stop() // the next test empties the tables
})

test.each([
  '{"b":[12345678901234567890.10,9007199254740993,1.0,-0.000],"a":1}',
  '{"__proto__":{"a":1},"é":"\\ud83d\\ude00"}',
  '"text"',
])('an event in a batch is kept byte for byte as one that comes alone: %s', async data => {
  await postText(around(`{"type":"a.b","data":${data}}`))
  await api.call('POST', '/v1/events', { body: `{"type":"a.b","data":${data}}` })
  const [, together, , alone] = await stored()
  expect(together).toEqual(alone)
})

describe('one bad event refuses them all, and the answer names its place:', () => {
  test.each([
    ['no type', '{"data":{}}', 'type'],
    ['no data', '{"type":"a"}', 'data'],
    ['a type of its own', '{"type":"outbox.test","data":{}}', 'type'],
    ['a long key', `{"type":"a","data":{},"key":"${'k'.repeat(1001)}"}`, 'key'],
    ['a NUL', '{"type":"a","data":["\\u0000"]}', 'data'],
    ['a NUL in a name', '{"type":"a","data":{"\\u0000":1}}', 'data'],
    ['a NUL in the key', '{"type":"a","data":1,"key":"\\u0000"}', 'key'],
    ['a NUL in the tenant', '{"type":"a","data":1,"tenant":"\\u0000"}', 'tenant'],
    ['half a surrogate', '{"type":"a","data":{"b":"\\ud800"}}', 'data'],
    ['a number of a million digits', '{"type":"a","data":1e1000000}', 'data'],
    ['a hundred levels and one', `{"type":"a","data":${'['.repeat(101)}${']'.repeat(101)}}`, 'data'],
    ['an unknown field', '{"type":"a","data":{},"id":1}', 'id'],
  ])('%s', async (_, event, field) => {
    const answer = await postText(around(event))
    expect(answer.status, answer.text).toBe(400)
    expect(answer.body.errors).toEqual([
      { path: `events.1.${field}`, pointer: `/events/1/${field}`, message: expect.any(String) },
    ])
    expect(await eventCount()).toBe(0)
  })

  test('the pointer of a field with / and ~ is escaped', async () => {
    const answer = await postText(around('{"type":"a","data":1,"a/b~c":1}'))
    expect(answer.body.errors[0].pointer).toBe('/events/1/a~1b~0c')
  })

  test('no event at all', async () => {
    const answer = await postText(around('null'))
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '/events/1' }] } })
  })

  test('every bad one is named, a hundred of them at most', async () => {
    const two = await post([{ type: '', data: 1 }, ...numbered(1), { type: 'a', data: 1, key: 1 }])
    expect(two.body.errors.map((error: { pointer: string }) => error.pointer)).toEqual([
      '/events/0/type',
      '/events/2/key',
    ])
    const unknown = Object.fromEntries(Array.from({ length: 200_000 }, (_, n) => [`f${n}`, 1]))
    const many = await post([{ type: 'a', data: 1, ...unknown }])
    expect(many.status).toBe(400)
    expect(many.body.errors).toHaveLength(100)
  })

  test('data above 256 KiB as Postgres prints it', async () => {
    const long = `[${Array(1000).fill('1e300').join()}]`
    const answer = await postText(around(`{"type":"a","data":${long}}`))
    expect(answer).toMatchObject({
      status: 413,
      body: { errors: [{ path: 'events.1.data', pointer: '/events/1/data', message: 'is too large' }] },
    })
    expect(await eventCount()).toBe(0)
  })
})

describe('refuses', () => {
  test.each([
    ['no list', '{}'],
    ['a list without its name', '[{"type":"a","data":1}]'],
    ['text', '{"events":"a"}'],
    ['an empty list', '{"events":[]}'],
    ['501 events', JSON.stringify({ events: numbered(501) })],
    ['a million members', `{"events":[${'0,'.repeat(1_000_000)}0]}`],
  ])('%s', async (_, body) => {
    const answer = await postText(body)
    expect(answer.status, answer.text).toBe(400)
    expect(answer.text.length).toBeLessThan(1000)
    expect(await eventCount()).toBe(0)
  })

  test('data above 4 MiB together, as Postgres prints it', async () => {
    const long = `[${Array(800).fill('1e300').join()}]`
    const events = Array(20).fill(`{"type":"a","data":${long}}`)
    expect((await postText(`{"events":[${events.slice(0, 10).join()}]}`)).status).toBe(202)
    expect((await postText(`{"events":[${events.join()}]}`)).status).toBe(413)
    expect(await eventCount()).toBe(10)
  })

  test('a body above 4 MiB, and accepts one of nearly as much', async () => {
    const events = (count: number) =>
      Array.from({ length: count }, () => ({ type: 'a', data: 'x'.repeat(200_000) }))
    expect((await post(events(20))).status).toBe(202)
    expect((await post(events(21))).status).toBe(413)
  })
})

describe('a key that is bound to a tenant', () => {
  test('writes for its own', async () => {
    const answer = await post(
      [
        { type: 'a', data: 1 },
        { type: 'a', data: 2, tenant: '7' },
      ],
      { key: 'k7' },
    )
    expect(answer.status, answer.text).toBe(202)
    expect((await stored()).map(({ tenant }) => tenant)).toEqual(['7', '7'])
  })

  test('is refused where one event is for another, and none is written', async () => {
    const answer = await post([...numbered(1), { type: 'a', data: 2, tenant: '8' }], { key: 'k7' })
    expect(answer).toMatchObject({ status: 403, body: { errors: [{ pointer: '/events/1/tenant' }] } })
    expect(await eventCount()).toBe(0)
  })
})

test('a key that may only read is refused, and another method is 405', async () => {
  expect((await post(numbered(1), { key: 'look' })).status).toBe(403)
  const answer = await api.patch(path, {})
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
})

describe('an Idempotency-Key is for the whole batch', () => {
  let keyed: Call
  beforeEach(() => {
    keyed = { headers: { 'idempotency-key': crypto.randomUUID() } }
  })

  test('20 equal requests at once write the events once and get the same ids', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(numbered(3), keyed)))
    expect(answers[0]!.status, answers[0]!.text).toBe(202)
    expect(new Set(answers.map(answer => JSON.stringify(same(answer)))).size).toBe(1)
    expect(await eventCount()).toBe(3)
    expect(idsOf(answers[0]!)).toHaveLength(3)
  })

  test('with other events it is refused: 422', async () => {
    await post(numbered(3), keyed)
    expect((await post(numbered(4), keyed)).status).toBe(422)
    expect((await api.post('/v1/events', numbered(1)[0], keyed)).status).toBe(422)
    expect(await eventCount()).toBe(3)
  })

  test.each([
    ['400', '{"type":"a","data":"\\u0000"}'],
    ['413', `{"type":"a","data":[${Array(1000).fill('1e300').join()}]}`],
  ])('a batch that was refused with %s may be corrected', async (status, event) => {
    expect(String((await postText(around(event), keyed.headers)).status)).toBe(status)
    expect((await post(numbered(3), keyed)).status).toBe(202)
    expect(await eventCount()).toBe(3)
  })

  test('the largest batch can carry one', async () => {
    const events = Array.from({ length: 16 }, () => ({ type: 'a', data: '"'.repeat(100_000) }))
    const answers = [await post(events, keyed), await post(events, keyed)]
    expect(answers[0]!.status, answers[0]!.text).toBe(202)
    expect(same(answers[1]!)).toEqual(same(answers[0]!))
    expect(await eventCount()).toBe(16)
  })
})

describe('the database is asked once', () => {
  test.each([
    ['for an event', '/v1/events', { type: 'a', data: 1 }],
    ['for a batch', path, { events: numbered(500) }],
  ])('%s, also with an Idempotency-Key', async (_, path, body) => {
    const keyed: Record<string, string> = { 'idempotency-key': crypto.randomUUID() }
    for (const headers of [{}, keyed]) {
      const before = roundTrips()
      expect((await api.post(path, body, { headers })).status).toBe(202)
      expect(roundTrips() - before).toBe(1)
    }
  })
})
