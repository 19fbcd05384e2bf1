// POST /v1/events: what is accepted, how exactly it is kept, and that it is delivered like any other event.
import { beforeAll, describe, expect, test } from 'vitest'
import { startTestListener } from '../../support/outbox.ts'
import { startReceiver } from '../../support/receiver.ts'
import { type Api, startApi } from '../api.ts'

let api: Api
beforeAll(async () => {
  api = await startApi()
})

const post = (event: unknown) =>
  api.post('/v1/events', event, { headers: { 'content-type': 'application/json' } })
const withData = (data: string) => post(`{"type":"a.b","data":${data}}`)

test('answers 202 with the event, which can be read and is fanned out', async () => {
  const { status, body } = await post({ type: 'invoice.paid', data: { total: 5 }, key: 'i/1', tenant: '7' })
  expect(status).toBe(202)
  expect(body).toEqual({
    id: expect.stringMatching(/^evt_/),
    type: 'invoice.paid',
    key: 'i/1',
    tenant: '7',
    timestamp: expect.any(String),
    data: { total: 5 },
  })
  expect((await api.get(`/v1/events/${body.id}`)).body).toEqual({ ...body, deliveries: [] })
  expect((await api.db.query('select from outbox.fanout')).rowCount).toBe(1)
  const { rows } = await api.db.query(`select actor from outbox.events where type = 'invoice.paid'`)
  expect(rows).toEqual([{ actor: 'dev' }])
})

test('numbers arrive at the receiver exactly as they were sent', async () => {
  const receiver = await startReceiver()
  await api.post('/v1/endpoints', { url: `${receiver.url}/hook`, event_types: ['exact'] })
  await startTestListener(api.database.url)
  const numbers = '[12345678901234567890.10, 9007199254740993, 1.0, -0.000, 0.1]'
  const answer = await post(`{"type":"exact","data":${numbers}}`)
  expect(answer.text).toContain(`"data":${numbers.replace('-0.000', '0.000')}`)
  const [request] = await receiver.waitFor(1)
  expect(request!.body.toString()).toContain(`"data":${numbers.replace('-0.000', '0.000')}`)
})

test.each(['null', '"text"', '0', '[]', '{}', '{"__proto__":{"a":1},"é":"\\ud83d\\ude00"}'])(
  'data may be %s',
  async data => {
    const { status, body } = await withData(data)
    expect(status).toBe(202)
    expect(body.data).toEqual(JSON.parse(data))
  },
)

describe('refuses', () => {
  test.each([
    ['no type', '{"data":{}}', 'type'],
    ['no data', '{"type":"a"}', 'data'],
    ['a type of its own', '{"type":"outbox.test","data":{}}', 'type'],
    ['a pattern', '{"type":"order.*","data":{}}', 'type'],
    ['a type with two dots', '{"type":"a..b","data":{}}', 'type'],
    ['a type with a line', '{"type":"a\\n","data":{}}', 'type'],
    ['a long type', `{"type":"${'a'.repeat(201)}","data":{}}`, 'type'],
    ['a long key', `{"type":"a","data":{},"key":"${'k'.repeat(1001)}"}`, 'key'],
    ['an unknown field', '{"type":"a","data":{},"id":1}', 'id'],
    ['a NUL', '{"type":"a","data":["\\u0000"]}', 'data'],
    ['a NUL in a name', '{"type":"a","data":{"\\u0000":1}}', 'data'],
    ['half a surrogate', '{"type":"a","data":{"b":"\\ud800"}}', 'data'],
    ['a number of a million digits', '{"type":"a","data":1e1000000}', 'data'],
    ['a number that is too small', '{"type":"a","data":1e-99999}', 'data'],
    ['a hundred levels and one', `{"type":"a","data":${'['.repeat(101)}${']'.repeat(101)}}`, 'data'],
  ])('%s', async (_, event, path) => {
    const answer = await post(event)
    expect(answer.status, answer.text).toBe(400)
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toEqual([path])
  })

  test('no event with a hundred levels, nor a number of four hundred digits', async () => {
    expect((await withData('['.repeat(100) + ']'.repeat(100))).status).toBe(202)
    expect((await withData('1e400')).status).toBe(202)
  })

  test('data above 256 KiB as Postgres prints it, with numbers written out', async () => {
    expect((await withData(`[${Array(1000).fill('1e300').join()}]`)).status).toBe(413)
    expect((await withData(`[${Array(500).fill('1e300').join()}]`)).status).toBe(202)
    expect((await withData(`"${'x'.repeat(256 * 1024)}"`)).status).toBe(413)
  })
})
