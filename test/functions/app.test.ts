// The outbox without its example: by itself, and mounted in another app.
import { Hono } from 'hono'
import { beforeAll, describe, expect, test } from 'vitest'
import { createOutbox } from '../../functions/app.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { testSettings } from '../support/settings.ts'

const keys = 'ops:admin:dev,viewer:read:look,seven:admin:k7:7'
const outbox = createOutbox()
let db: TestDatabase
let env: Record<string, string>
beforeAll(async () => {
  db = await freshDatabase()
  env = { ...testSettings, ...db.env, OUTBOX_API_KEYS: keys }
})

type Fetch = (request: Request, env: Record<string, string>) => Response | Promise<Response>

async function call(fetch: Fetch, method: string, path: string, { key = 'dev', body }: Call = {}) {
  const headers = {
    ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  }
  const request = new Request(`http://app.example${path}`, { method, headers, body: JSON.stringify(body) })
  const answer = await fetch(request, env)
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, body: text && JSON.parse(text) }
}
interface Call {
  key?: string
  body?: unknown
}

const pathsOf = async (fetch: Fetch, path = '/openapi.json') =>
  Object.keys((await call(fetch, 'GET', path)).body.paths)

test('by itself the outbox has no route of the example', async () => {
  const paths = await pathsOf(outbox.fetch)
  expect(paths).toContain('/v1/endpoints')
  expect(paths.filter(path => !/^\/(v1\/|healthz$|metrics$)/.test(path))).toEqual([])
  for (const path of ['/orders', '/clients', '/receivers/billing']) {
    expect((await call(outbox.fetch, 'GET', path)).status, path).toBe(404)
    expect((await call(outbox.fetch, 'GET', path, { key: '' })).status, path).toBe(401)
  }
})

function routed() {
  const app = new Hono().get('/before', c => c.json('mine'))
  app.route('/outbox', outbox.app)
  return app.get('/outbox/mine', c => c.json('mine')).get('/after', c => c.json('mine'))
}

function mounted() {
  const app = new Hono().get('/before', c => c.json('mine')).get('/outbox/mine', c => c.json('mine'))
  return app.mount('/outbox', outbox.fetch).get('/after', c => c.json('mine'))
}

describe.each([
  ['with app.route()', routed().fetch as Fetch],
  ['with app.mount()', mounted().fetch as Fetch],
])('under a base path, %s', (_, fetch) => {
  test("the application's own routes are left alone", async () => {
    for (const path of ['/before', '/after', '/outbox/mine']) {
      const answer = await call(fetch, 'GET', path, { key: '' })
      expect(answer, path).toMatchObject({ status: 200, body: 'mine' })
      expect(answer.headers.get('x-request-id'), path).toBeNull()
    }
  })

  test('each route has the access that it declares', async () => {
    const status = async (method: string, path: string, call_: Call = {}) =>
      (await call(fetch, method, `/outbox${path}`, call_)).status
    const body = { type: 'a.b', data: {} }
    expect(await status('GET', '/healthz', { key: '' })).toBe(200)
    expect(await status('GET', '/v1/events', { key: '' })).toBe(401)
    expect(await status('GET', '/v1/events', { key: 'look' })).toBe(200)
    expect(await status('POST', '/v1/events', { key: 'look', body })).toBe(403)
    expect(await status('POST', '/v1/events', { body })).toBe(202)
    expect(await status('GET', '/v1/audit', { key: 'look' })).toBe(403)
    expect(await status('GET', '/v1/audit')).toBe(200)
    expect(await status('GET', '/v1/events', { key: 'k7' })).toBe(200)
    expect(await status('GET', '/v1/audit', { key: 'k7' })).toBe(403)
  })

  test('other methods of its paths are answered 405, and 401 without a key', async () => {
    const answer = await call(fetch, 'PUT', '/outbox/v1/endpoints')
    expect(answer).toMatchObject({ status: 405, body: { detail: 'Use GET or POST here.' } })
    expect(answer.headers.get('allow')).toBe('GET, POST')
    expect((await call(fetch, 'PUT', '/outbox/v1/endpoints', { key: '' })).status).toBe(401)
    expect((await call(fetch, 'POST', '/outbox/healthz', { key: '' })).status).toBe(405)
  })

  test('bad input is answered with problem details', async () => {
    const bad = await call(fetch, 'POST', '/outbox/v1/events', { body: { typ: 'a' } })
    expect(bad).toMatchObject({ status: 400, body: { title: 'Bad Request' } })
    expect(bad.headers.get('content-type')).toBe('application/problem+json')
    expect(bad.headers.get('x-request-id')).toMatch(/\w/)
  })

  test('an expensive route is limited', async () => {
    const path = '/outbox/v1/endpoints/ep_0000000000000001a1b2c3d4/replay'
    const since = '2026-01-01T00:00:00Z'
    await (await db.connect()).query('delete from outbox.rate_buckets')
    const answers = await Promise.all(
      Array.from({ length: 45 }, () => call(fetch, 'POST', path, { body: { since } })),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404, 429]))
  })
})

test('its description names the path it is mounted at', async () => {
  const { body } = await call(routed().fetch as Fetch, 'GET', '/outbox/openapi.json', { key: '' })
  expect(body.servers).toEqual([{ url: '/outbox' }])
  expect(Object.keys(body.paths)).toEqual(await pathsOf(outbox.fetch))
  expect((await call(outbox.fetch, 'GET', '/openapi.json')).body.servers).toBeUndefined()
})

test('without its description, the application may use that path', async () => {
  const app = new Hono().route('/', createOutbox({ description: false }).app)
  app.get('/openapi.json', c => c.json('mine'))
  expect(await call(app.fetch as Fetch, 'GET', '/openapi.json')).toMatchObject({ status: 200, body: 'mine' })
})

test("settings that are given stand in place of the environment's", async () => {
  const own = createOutbox({ settings: { OUTBOX_API_KEYS: 'mine:admin:own' } })
  expect((await call(own.fetch, 'GET', '/v1/events', { key: 'dev' })).status).toBe(401)
  expect((await call(own.fetch, 'GET', '/v1/events', { key: 'own' })).status).toBe(200)
  await own.scheduled({} as ScheduledController, { ...env, OUTBOX_API_KEYS: 'not valid' })
})

test('a route that does not declare its access is refused when the app is made', async () => {
  const { addRoutes, createApp } = await import('../../functions/http/app.ts')
  const part = createApp()
  part.get('/v1/forgotten', c => c.json('open to all'))
  expect(() => addRoutes(createApp(), [part])).toThrow('/v1/forgotten does not declare who may call it')
})
