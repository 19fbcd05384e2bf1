// Answers to malformed requests.
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Api, startApi } from '../api.ts'
import { fillShop } from '../shop/shop.ts'

let api: Api
beforeAll(async () => {
  api = await startApi()
  await fillShop(api.db)
  await api.db.query('insert into orders (id, client_id) values (17, 1)')
})

test('every problem has its five members, and names the path of each wrong field', async () => {
  const answer = await api.patch('/orders/17', { status: 'lost', id: 17 })
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect(answer.body).toEqual({
    type: 'urn:outbox:problem:invalid-input',
    title: 'Bad Request',
    status: 400,
    detail:
      'status: Invalid option: expected one of "created"|"shipped"|"backorder"|"canceled" (and 1 more).',
    errors: [
      { path: 'status', message: expect.stringContaining('"shipped"') },
      { path: 'id', message: 'is not a known field' },
    ],
  })
})

test.each([
  ['cut off', '{"status": "shipped"'],
  ['empty', ''],
  ['no JSON at all', 'status=shipped'],
  ['two values', '{"status":"shipped"} {}'],
  ['null', 'null'],
  ['a list', '[]'],
  ['text', '"shipped"'],
  ['a number', '12345678901234567890'],
  ['deeply nested', '['.repeat(100_000) + ']'.repeat(100_000)],
  ['deeply nested under a known field', `{"status":${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}}`],
  ['a prototype', '{"status":"shipped","__proto__":{"isAdmin":true}}'],
  ['a constructor', '{"status":"shipped","constructor":{"prototype":{}}}'],
])('a malformed body (%s) is answered 400', async (_, body) => {
  const answer = await api.patch('/orders/17', body)
  expect(answer.status).toBe(400)
  expect(answer.body).toMatchObject({ title: 'Bad Request', status: 400 })
})

test('broken UTF-8 is answered 400, not silently replaced', async () => {
  const bytes = new TextEncoder().encode('{"url":"https://example.com","description":"?"}')
  const broken = bytes.with(bytes.indexOf(0x3f), 0xff)
  expect((await api.post('/v1/endpoints', broken)).status).toBe(400)
  expect((await api.post('/v1/endpoints', bytes)).status).toBe(201)
})

test('a body that begins with a byte order mark is read', async () => {
  expect((await api.patch('/orders/17', '\ufeff{"status":"created"}')).status).toBe(200)
})

test.each([
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'application/merge-patch+json',
  'json',
  '',
])('a body with the content type "%s" is answered 415', async type => {
  const answer = await api.patch('/orders/17', '{"status":"shipped"}', { headers: { 'content-type': type } })
  expect(answer).toMatchObject({ status: 415, body: { title: 'Unsupported Media Type' } })
})

test.each(['application/json', 'Application/JSON', 'application/json; charset=utf-8'])(
  'a body with the content type "%s" is read',
  async type => {
    const answer = await api.patch('/orders/17', '{"status":"created"}', {
      headers: { 'content-type': type },
    })
    expect(answer.status).toBe(200)
  },
)

test('an order without a body is answered 400', async () => {
  expect((await api.call('POST', '/orders')).status).toBe(400)
})

describe('a body above 256 KiB is answered 413', () => {
  const large = `{"status":"${'x'.repeat(256 * 1024)}"}`

  test('when it announces its length', async () => {
    expect(await api.patch('/orders/17', large)).toMatchObject({ status: 413, body: { status: 413 } })
  })

  test('when it arrives in pieces', async () => {
    expect(await chunked('/orders/17', large)).toMatchObject({ status: 413 })
  })

  test('but one just below is read', async () => {
    const small = `{"status":"created"}${' '.repeat(255 * 1024)}`
    expect((await api.patch('/orders/17', small)).status).toBe(200)
    expect(await chunked('/orders/17', small)).toMatchObject({ status: 200 })
  })

  async function chunked(path: string, body: string) {
    const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }
    const sent = request(`${api.worker.url}${path}`, { method: 'PATCH', headers })
    sent.end(body)
    return new Promise<{ status: number; body: string }>((resolve, reject) => {
      sent.on('error', reject)
      sent.on('response', async response =>
        resolve({ status: response.statusCode!, body: await text(response) }),
      )
    })
  }
})

test('an unknown path is answered 404, an unknown method 405', async () => {
  expect(await api.get('/nothing')).toMatchObject({ status: 404, body: { status: 404 } })
  const answer = await api.call('DELETE', '/orders/17')
  expect(answer).toMatchObject({ status: 405, body: { title: 'Method Not Allowed' } })
  expect(answer.headers.get('allow')).toBe('GET, PATCH')
  expect((await api.call('PATCH', '/v1/events')).headers.get('allow')).toBe('GET, POST')
})

test('text that would end a SQL statement stays text', async () => {
  const evil = encodeURIComponent(`x'; drop table orders; --`)
  expect((await api.get(`/v1/events?type=${evil}&key=${evil}&tenant=${evil}`)).body).toEqual({
    data: [],
    next_cursor: null,
  })
  expect((await api.get(`/orders?status=${evil}`)).status).toBe(400)
  expect((await api.get(`/orders/${evil}`)).status).toBe(400)
  expect((await api.get('/orders/17')).status).toBe(200)
})

test('text that Postgres cannot store is answered 400', async () => {
  expect((await api.get('/v1/events?key=a%00b')).status).toBe(400)
})
