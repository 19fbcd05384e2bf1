// Hostile requests: false lengths, unusual methods, foreign origins, odd text.
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { beforeAll, describe, expect, test } from 'vitest'
import { app } from '../../../functions/index.ts'
import { eventually } from '../../support/eventually.ts'
import { testSettings } from '../../support/settings.ts'
import { type Api, startApi } from '../api.ts'

let api: Api
beforeAll(async () => {
  api = await startApi()
})

/** Sends these bytes; returns what arrives until either side closes the connection. */
async function onTheWire(bytes: string): Promise<string> {
  const { hostname, port } = new URL(api.worker.url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.end(bytes)
  return text(socket)
}

const post = (length: number, body: string) =>
  `POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer dev\r\ncontent-type: application/json\r\n` +
  `content-length: ${length}\r\nconnection: close\r\n\r\n${body}`

describe('a false content-length', () => {
  const event = '{"type":"wire.lied","data":{}}'

  test('the same request with its true length is answered 202', async () => {
    expect(await onTheWire(post(event.length, event))).toMatch(/^HTTP\/1.1 202 /)
  })

  test.each([
    ['too short', 10],
    ['too long', 1_000],
  ])('a content-length that is %s: nothing is written', async (_, length) => {
    const before = (await api.db.query('select from outbox.events')).rowCount
    // When the rest never arrives, only the server in front of the Worker may answer, if anything does.
    expect(await onTheWire(post(length, event))).not.toMatch(/^HTTP\/1.1 2/)
    expect((await api.db.query('select from outbox.events')).rowCount).toBe(before)
  })
})

test('a body of ten megabytes is answered 413', async () => {
  // The answer does not wait for the rest of the body, and sometimes the connection closes before it has been read.
  const answer = await eventually(() =>
    api.post('/v1/events', `{"type":"a","data":"${'x'.repeat(10_000_000)}"}`),
  )
  expect(answer.status).toBe(413)
})

describe('unusual text is stored unchanged', () => {
  const odd = [
    'مرحبا\u202eabc',
    '😀 𝔘',
    'a\u2028b\u2029c',
    '\u0001\u007f',
    "'; drop table orders; --",
    '%_\\$1{}',
  ]

  test.each(odd)('%j in every field of an endpoint and an event', async value => {
    const given = { url: 'https://a.example/', description: value, tenant: value }
    const { id } = (await api.post('/v1/endpoints', given)).body
    expect((await api.get(`/v1/endpoints/${id}`)).body).toMatchObject(given)
    const event = { type: 'a.b', key: value, tenant: value, data: { [value]: value } }
    const made = await api.post('/v1/events', event)
    expect((await api.get(`/v1/events/${made.body.id}`)).body).toMatchObject(event)
    const { data } = (await api.get(`/v1/events?key=${encodeURIComponent(value)}`)).body
    expect(data).toMatchObject([{ id: made.body.id }])
  })

  test.each(['\0', 'a\0b', '\ud800', 'a\udfff'])('%j is answered 400 in every field', async value => {
    for (const field of ['description', 'tenant']) {
      const body = JSON.stringify({ url: 'https://a.example/', [field]: value })
      expect((await api.post('/v1/endpoints', body)).status, field).toBe(400)
    }
    for (const field of ['type', 'key', 'tenant', 'data']) {
      const body = JSON.stringify({ type: 'a.b', data: {}, [field]: value })
      expect((await api.post('/v1/events', body)).status, field).toBe(400)
    }
  })
})

describe('a page of another origin in a browser', () => {
  test.each(['GET', 'OPTIONS'])('learns nothing from %s: no answer allows its origin', async method => {
    for (const path of ['/v1/endpoints', '/healthz', '/docs', '/openapi.json', '/nothing']) {
      const response = await api.worker.fetch(path, {
        method,
        headers: {
          origin: 'https://evil.example',
          authorization: 'Bearer dev',
          'access-control-request-method': 'POST',
        },
      })
      await response.arrayBuffer()
      const allowing = [...response.headers.keys()].filter(name => name.startsWith('access-control-'))
      expect(allowing, path).toEqual([])
    }
  })
})

test('TRACE and CONNECT echo nothing that was sent', async () => {
  const sent = request(`${api.worker.url}/v1/endpoints`, {
    method: 'TRACE',
    headers: { authorization: 'Bearer CANARY' },
  })
  sent.end()
  const [response] = await once(sent, 'response')
  expect(response.statusCode).toBeGreaterThanOrEqual(400)
  expect(response.statusCode).toBeLessThan(500)
  expect(await text(response)).not.toContain('CANARY')
  expect(await onTheWire('CONNECT 10.0.0.1:80 HTTP/1.1\r\nhost: x\r\n\r\n')).not.toMatch(/^HTTP\/1.1 2/)
})

test.each(['/cron', '/scheduled', '/__scheduled', '/cdn-cgi/handler/scheduled', '/cdn-cgi/local/scheduled'])(
  'the cron function cannot be started over HTTP: %s',
  async path => {
    // The Worker as it is deployed, without the route that `wrangler dev` adds to start it by hand.
    const env = { ...testSettings, ...api.database.env }
    const headers = { 'cf-cron': 'true', 'x-forwarded-for': '127.0.0.1', 'cf-connecting-ip': '127.0.0.1' }
    for (const method of ['GET', 'POST']) {
      const anybody = await app.request(path, { method, headers }, env)
      expect(anybody.status).toBe(401)
      const withKey = { ...headers, authorization: 'Bearer dev' }
      expect((await app.request(path, { method, headers: withKey }, env)).status).toBe(404)
    }
  },
)
