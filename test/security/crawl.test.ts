// Every path with every method, under every kind of key: the documented answer, no 5xx, and uniform refusals.
import { beforeAll, describe, expect, test } from 'vitest'
import { type Answer, type Api, startApi, withoutWaiting } from '../functions/api.ts'
import { expectDecent, type Route, routesOf } from './routes.ts'

const methods = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS']
/** Not in the description, because it is the description. Another test covers its page. */
const description = '/openapi.json'

let api: Api
let routes: Route[]
let paths: string[]
/** Keys that were given out, by scope. */
let given: Record<'read' | 'admin', string>
beforeAll(async () => {
  api = await startApi({ OUTBOX_ORDERS_PUBLIC: 'false' })
  routes = await routesOf(api)
  paths = [...new Set(routes.map(route => route.path)), description]
  const give = async (scope: string) => (await api.post('/v1/keys', { name: 'given', scope })).body.key
  given = { read: await give('read'), admin: await give('admin') }
})

const isOpen = (path: string) =>
  path === description || routes.some(route => route.path === path && route.open)

/** A path with a parameter counts too: `GET /orders/update` asks for the order named `update`. */
function isRouted(path: string, method: string): boolean {
  if (path === description) return method === 'GET'
  const pattern = (route: Route) => new RegExp(`^${route.path.replaceAll(/\{.*?\}/g, '[^/]+')}$`)
  return routes.some(route => route.method === method && pattern(route).test(path))
}

async function crawl(
  visit: (path: string, method: string, answer: Answer) => void,
  headers: Record<string, string>,
) {
  let visited = 0
  for (const path of paths) {
    for (const method of methods) {
      const body = ['GET', 'OPTIONS'].includes(method) ? undefined : '{}'
      const target = withoutWaiting(path.replaceAll(/\{.*?\}/g, '1'))
      const answer = await api.call(method, target, { headers, body })

      expectDecent(`${method} ${path}`, answer)
      visit(path, method, answer)
      visited++
    }
  }
  expect(visited).toBeGreaterThan(paths.length * 5)
}

describe.each([
  ['no key', { authorization: '' }],
  ['a garbage key', { authorization: 'Bearer \u00ff\u00fe{{$ne:1}}' }],
])('with %s', (_, headers) => {
  test('every closed route answers the same 401, for every method, as does a route that does not exist', async () => {
    const answers = new Set<string>()
    await crawl((path, method, { status, text }) => {
      if (isOpen(path)) return
      expect(status, `${method} ${path}`).toBe(401)
      answers.add(text)
    }, headers)
    const nowhere = await api.get('/v1/nowhere', { headers })
    expect([...answers]).toEqual([nowhere.text])
  })

  /** One receiver fails on demand, whoever asks. */
  const withoutSignature = (path: string) =>
    path === '/receivers/flaky' ? 503 : path.startsWith('/receivers/') ? 401 : 200

  test('every open route answers its own method and no other', async () => {
    await crawl((path, method, { status }) => {
      if (!isOpen(path)) return
      if (isRouted(path, method)) expect(status, `${method} ${path}`).toBe(withoutSignature(path))
      else expect(status, `${method} ${path}`).toBe(405)
    }, headers)
  })
})

test.each([
  ['of the setting', () => 'look'],
  ['that was given out', () => given.read],
])('a read key %s gets answers to reads, and the same 403 for everything else', async (_, key) => {
  const answers = new Set<string>()
  await crawl(
    (path, method, { status, text }) => {
      if (isOpen(path)) return
      const where = `${method} ${path}`
      // It changes nothing: somebody looks whether there is something to send.
      if (where === 'POST /v1/ring') expect(status, where).toBe(200)
      // It may do what its key may.
      else if (where === 'POST /v1/console/links') expect(status, where).toBe(201)
      else if (method !== 'GET') {
        expect(status, where).toBe(403)
        answers.add(text)
      } else if (isRouted(path, method)) {
        const isForAdmins = ['/v1/audit', '/v1/keys'].includes(path)
        expect(isForAdmins ? [403] : [200, 400, 404], where).toContain(status)
      } else expect(status, where).toBe(405)
    },
    { authorization: `Bearer ${key()}` },
  )
  expect(answers.size).toBe(1)
})

test.each([
  ['of the setting', () => 'dev'],
  ['that was given out', () => given.admin],
])('every answer of a route to an admin key %s has a status that the route documents', async (_, key) => {
  await crawl(
    (path, method, { status }) => {
      const route = routes.find(route => route.path === path && route.method === method)
      if (!route || status >= 400) return // one `default` documents all problems
      expect(Object.keys(route.operation.responses), `${method} ${path}`).toContain(String(status))
    },
    { authorization: `Bearer ${key()}` },
  )
  for (const { method, path, operation } of routes) {
    expect(operation.responses.default?.content, `${method} ${path}`).toHaveProperty([
      'application/problem+json',
    ])
  }
})

test.each([
  ['/v1/events/', 'evt_00000000000004d2a1b2c3d4', 'nonsense'],
  ['/v1/endpoints/', 'ep_00000000000004d2a1b2c3d4', 'ep_1'],
  ['/v1/deliveries/', 'dlv_00000000000004d20000000000000001', `dlv_' or 1=1`],
])('%s… answers a missing and a malformed id alike', async (path, missing, malformed) => {
  const [one, other] = [await api.get(path + missing), await api.get(path + encodeURIComponent(malformed))]
  expect(one.status).toBe(404)
  expect([other.status, other.text]).toEqual([one.status, one.text])
})

describe('no answer leaves its type for a browser to guess', () => {
  const json = { 'content-type': 'application/json' }
  test.each<[string, number, () => Promise<Answer>]>([
    ['nothing there', 404, () => api.get('/nothing')],
    ['no key', 401, () => api.get('/v1/stats', { key: '' })],
    ['another method', 405, () => api.post('/v1/stats', {})],
    ['bad JSON', 400, () => api.post('/v1/events', '{', { headers: json })],
    ['no JSON', 415, () => api.post('/v1/events', 'a', { headers: { 'content-type': 'text/html' } })],
    ['too much', 413, () => api.post('/v1/events', 'a'.repeat(300_000), { headers: json })],
    ['a cursor of elsewhere', 400, () => api.get('/v1/events?cursor=x')],
    ['the description', 200, () => api.get('/openapi.json')],
    ['health', 200, () => api.get('/healthz')],
    ['no content', 204, deleteEndpoint],
  ])('%s: %i', async (_, status, ask) => {
    const answer = await ask()
    expect(answer.status).toBe(status)
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  })

  test('the page of the API: 200, and its links tell other sites nothing', async () => {
    const { headers } = await api.worker.fetch('/docs')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
  })

  async function deleteEndpoint() {
    const { body } = await api.post('/v1/endpoints', { url: 'https://a.example/' })
    return api.call('DELETE', `/v1/endpoints/${body.id}`)
  }
})
