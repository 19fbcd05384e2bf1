// Every route of the API's own description: without a key, with a wrong one, with a read-only one.
import { beforeAll, describe, expect, test } from 'vitest'
import { type Answer, type Api, startApi, withoutWaiting } from '../api.ts'

let api: Api
let routes: { method: string; path: string; open: boolean }[]
beforeAll(async () => {
  api = await startApi({
    OUTBOX_ORDERS_PUBLIC: 'false',
    OUTBOX_API_KEYS: 'a:admin:s3cret,b:read:look,c:admin:other',
  })
  const { paths } = (await api.get('/openapi.json')).body as {
    paths: Record<string, Record<string, { security?: [] }>>
  }
  routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security }]) => ({
      method: method.toUpperCase(),
      path: path.replaceAll(/\{.*?\}/g, '1'),
      open: security?.length === 0,
    })),
  )
})

const crawl = async (
  wanted: (route: (typeof routes)[number]) => boolean,
  headers: Record<string, string>,
) => {
  const answers = new Map<string, Answer>()
  for (const { method, path } of routes.filter(wanted)) {
    const body = method === 'GET' ? undefined : '{}'
    answers.set(`${method} ${path}`, await api.call(method, withoutWaiting(path), { headers, body }))
  }
  return answers
}

test('the description lists every route of the contract', () => {
  expect(routes.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
    'DELETE /v1/endpoints/1',
    'DELETE /v1/keys/1',
    'GET /clients',
    'GET /clients/1/charges',
    'GET /healthz',
    'GET /metrics',
    'GET /orders',
    'GET /orders/1',
    'GET /v1/audit',
    'GET /v1/deliveries',
    'GET /v1/deliveries/1',
    'GET /v1/deliveries/tail',
    'GET /v1/endpoints',
    'GET /v1/endpoints/1',
    'GET /v1/endpoints/1/sequence',
    'GET /v1/event-types',
    'GET /v1/events',
    'GET /v1/events/1',
    'GET /v1/events/1/explain',
    'GET /v1/events/tail',
    'GET /v1/explain',
    'GET /v1/health/capture',
    'GET /v1/health/secrets',
    'GET /v1/keys',
    'GET /v1/listeners',
    'GET /v1/replays',
    'GET /v1/replays/1',
    'GET /v1/stats',
    'GET /v1/stats/series',
    'GET /v1/system',
    'GET /v1/whoami',
    'PATCH /orders/1',
    'PATCH /orders/update',
    'PATCH /v1/endpoints/1',
    'POST /orders',
    'POST /receivers/billing',
    'POST /receivers/flaky',
    'POST /receivers/notifications',
    'POST /v1/console/links',
    'POST /v1/deliveries/1/redeliver',
    'POST /v1/deliveries/1/settle',
    'POST /v1/deliveries/redeliver',
    'POST /v1/endpoints',
    'POST /v1/endpoints/1/disable',
    'POST /v1/endpoints/1/pause',
    'POST /v1/endpoints/1/pull',
    'POST /v1/endpoints/1/replay',
    'POST /v1/endpoints/1/resume',
    'POST /v1/endpoints/1/rotate',
    'POST /v1/endpoints/1/test',
    'POST /v1/endpoints/batch',
    'POST /v1/events',
    'POST /v1/events/batch',
    'POST /v1/keys',
    'POST /v1/replays/1/cancel',
    'POST /v1/ring',
    'POST /v1/system/adopt',
  ])
})

test.each([
  ['no key', { authorization: '' }],
  ['a wrong key', { authorization: 'Bearer s3cre' }],
  ['a longer key', { authorization: 'Bearer s3crets' }],
  ['an empty key', { authorization: 'Bearer ' }],
  ['another scheme', { authorization: 'Basic s3cret' }],
  ['a key without a scheme', { authorization: 's3cret' }],
  ['the whole setting', { authorization: 'Bearer a:admin:s3cret' }],
])('%s: every closed route answers the same 401', async (_, headers) => {
  const answers = await crawl(route => !route.open, headers)
  expect(answers.size).toBeGreaterThan(10)
  for (const [route, { status, text, headers }] of answers) {
    expect(status, route).toBe(401)
    expect(headers.get('www-authenticate')).toBe('Bearer realm="outbox"')
    expect(headers.get('content-type')).toBe('application/problem+json')
    expect(text).toBe(
      '{"type":"urn:outbox:problem:no-valid-key","title":"Unauthorized","status":401,' +
        '"detail":"Send a valid key: Authorization: Bearer <key>."}',
    )
  }
})

test('a read-only key is refused by every route that changes something', async () => {
  for (const [route, { status }] of await crawl(({ open }) => !open, { authorization: 'Bearer look' })) {
    const forAdmins = ['GET /v1/audit', 'GET /v1/keys'].includes(route)
    const changesNothing = route.startsWith('GET') || /^POST .v1.(ring|console.links)$/.test(route)
    if (changesNothing && !forAdmins) expect([200, 201, 400, 404], route).toContain(status)
    else expect(status, route).toBe(403)
  }
})

test.each(['s3cret', 'other'])('the admin key %s opens every route', async key => {
  for (const [route, { status }] of await crawl(() => true, { authorization: `bearer ${key}` })) {
    const known = route.includes('/receivers/flaky') ? [503] : [200, 201, 400, 401, 404]
    expect(known, route).toContain(status)
    if (status === 401) expect(route).toContain('/receivers/') // which check the signature, not the key
  }
})

test('open routes answer without a key', async () => {
  expect((await api.get('/healthz', { headers: { authorization: '' } })).body).toMatchObject({ status: 'ok' })
  expect((await api.get('/openapi.json', { headers: { authorization: '' } })).status).toBe(200)
})

describe('no other spelling of a path gets around the key', () => {
  test.each([
    '//v1/events',
    '/v1/events/',
    '/V1/events',
    '/healthz/../v1/events',
    '/healthz/%2e%2e/v1/events',
    '/v1%2fevents',
    '/healthz/',
    '/receivers/billing/x',
    '/ordersx',
    '/nowhere',
  ])('%s', async path => {
    for (const method of ['GET', 'POST', 'PATCH', 'DELETE', 'OPTIONS']) {
      expect((await api.call(method, path, { headers: { authorization: '' } })).status, method).toBe(401)
    }
  })
})

describe('with a public shop', () => {
  let shop: Api
  beforeAll(async () => {
    shop = await startApi({ OUTBOX_ORDERS_PUBLIC: 'true' })
  })

  test('orders and clients need no key, everything else does', async () => {
    const status = async (path: string) => (await shop.get(path, { headers: { authorization: '' } })).status
    expect(await status('/orders')).toBe(200)
    expect(await status('/clients')).toBe(200)
    expect(await status('/orders/1')).toBe(404)
    expect(await status('/orders/../v1/events')).toBe(401)
    expect(await status('/v1/events')).toBe(401)
    expect(await status('/v1/endpoints')).toBe(401)
  })
})
