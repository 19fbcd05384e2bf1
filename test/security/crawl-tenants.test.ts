// Every path with every method under the keys of tenants: resources of another tenant answer as if they did not exist.
import { beforeAll, expect, test } from 'vitest'
import { type Answer, type Api, startApi, withoutWaiting } from '../functions/api.ts'
import { greedy, storeOn } from '../support/outbox.ts'
import { expectDecent, type Route, routesOf } from './routes.ts'

const methods = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS']
const since = '2026-01-01T00:00:00Z'
/** The routes that a tenant's key may use. */
const forTenants = new Set([
  '/v1/console/links',
  '/v1/endpoints',
  '/v1/endpoints/batch',
  '/v1/endpoints/{id}',
  ...['rotate', 'pause', 'resume', 'disable', 'test', 'replay', 'pull', 'sequence'].map(
    name => `/v1/endpoints/{id}/${name}`,
  ),
  '/v1/events',
  '/v1/events/batch',
  '/v1/events/tail',
  '/v1/events/{id}',
  '/v1/event-types',
  '/v1/deliveries',
  '/v1/deliveries/tail',
  '/v1/deliveries/{id}',
  '/v1/deliveries/{id}/redeliver',
  '/v1/deliveries/{id}/settle',
  '/v1/deliveries/redeliver',
  '/v1/replays',
  '/v1/replays/{id}',
  '/v1/replays/{id}/cancel',
  '/v1/stats',
  '/v1/stats/series',
  '/v1/whoami',
])

/** What a route wants at least, by the end of its path. */
const bodies: Record<string, object> = {
  replay: { since },
  pull: { holder: 'me' },
  settle: { lease: 'me:1', duration_ms: 1, status: 200 },
}

type Ids = Record<'endpoints' | 'events' | 'deliveries' | 'replays', string>
const missing: Ids = {
  endpoints: 'ep_00000000000fffff00000001',
  events: 'evt_00000000000fffff00000001',
  deliveries: 'dlv_00000000000fffff00000000000fffff',
  replays: 'rpl_00000000000fffff00000001',
}

let api: Api
let routes: Route[]
let paths: string[]
let theirs: Ids
/** Keys of tenant 8 that were given out, by scope. */
let given: Record<'admin' | 'read', string>
beforeAll(async () => {
  api = await startApi({
    OUTBOX_API_KEYS: 'dev:admin:dev,seven:admin:k7:7,eight:admin:k8:8,reader:read:r8:8',
    OUTBOX_ORDERS_PUBLIC: 'false',
  })
  routes = await routesOf(api)
  paths = [...new Set(routes.filter(({ open }) => !open).map(({ path }) => path))]
  const give = async (scope: string) =>
    (await api.post('/v1/keys', { name: 'given', scope, tenant: '8' })).body.key
  given = { admin: await give('admin'), read: await give('read') }
  const as7 = { key: 'k7' }
  const { id } = (await api.post('/v1/endpoints', { url: 'https://a.example/', sequence: true }, as7)).body
  const event = (await api.post('/v1/events', { type: 'a.b', data: {} }, as7)).body
  await storeOn(api.db).take(greedy('a:1', { leaseLimit: 0 }))
  const { data } = (await api.get('/v1/deliveries', as7)).body
  const replay = (await api.post(`/v1/endpoints/${id}/replay`, { since }, as7)).body
  theirs = { endpoints: id, events: event.id, deliveries: data[0].id, replays: replay.id }
})

const isRouted = (path: string, method: string) =>
  routes.some(route => route.path === path && route.method === method)

/** `GET /v1/events/batch` asks for the event named `batch`, which does not exist. */
const asksForUnknown = (path: string, method: string) =>
  !isRouted(path, method) &&
  routes.some(
    route =>
      route.method === method && new RegExp(`^${route.path.replaceAll(/\{.*?\}/g, '[^/]+')}$`).test(path),
  )

function ask(key: string, method: string, path: string, ids: Ids): Promise<Answer> {
  const id = ids[path.split('/')[2] as keyof Ids] ?? '1'
  const hasBody = !['GET', 'OPTIONS', 'DELETE'].includes(method)
  const body = bodies[path.split('/').at(-1)!] ?? {}
  return api.call(method, withoutWaiting(path.replaceAll(/\{.*?\}/g, id)), {
    key,
    ...(hasBody ? { body } : {}),
  })
}

async function crawl(key: string, ids: Ids, visit: (at: Visited) => unknown) {
  for (const path of paths) {
    for (const method of methods) {
      const answer = await ask(key, method, path, ids)
      expectDecent(`${method} ${path}`, answer)
      await visit({ where: `${method} ${path}`, path, method, answer })
    }
  }
}
interface Visited {
  where: string
  path: string
  method: string
  answer: Answer
}

const databaseState = async () =>
  (
    await api.db.query(
      `select (select json_agg(p order by id) from outbox.endpoints p where tenant = '7'),
              (select json_agg(s order by id) from outbox.endpoint_secrets s), (select json_agg(r) from outbox.replays r),
              (select json_agg(d) from outbox.deliveries d), (select count(*) from outbox.audit)`,
    )
  ).rows[0]

test('every route for tenants exists', () => {
  for (const path of forTenants) expect(paths).toContain(path)
  expect(paths.length).toBeGreaterThan(forTenants.size + 5)
})

test.each([
  ['of the setting', () => 'k8'],
  ['that was given out', () => given.admin],
])(
  "a request with a tenant's key %s for another tenant's resource has no effect, and the same answer as for a missing one",
  async (_, key) => {
    const before = await databaseState()
    await crawl(key(), theirs, async ({ where, path, method, answer }) => {
      if (!forTenants.has(path)) expect(answer.status, where).toBe(403)
      else if (asksForUnknown(path, method)) expect(answer.status, where).toBe(404)
      else if (!isRouted(path, method)) expect(answer.status, where).toBe(405)
      else if (path.includes('{id}')) expect(answer.status, where).toBe(404)
      else expect([200, 201, 400], where).toContain(answer.status) // their own lists and links, or incomplete bodies
      if (!path.includes('{id}')) return
      const unknown = await ask(key(), method, path, missing)
      expect([unknown.status, unknown.text], where).toEqual([answer.status, answer.text])
    })
    expect(await databaseState()).toEqual(before)
  },
)

test.each([
  ['of the setting', () => 'r8'],
  ['that was given out', () => given.read],
])(
  "a tenant's read key %s gets the same answers for another tenant's resources, and one and the same 403 for every change",
  async (_, key) => {
    const answers = new Set<string>()
    await crawl(key(), theirs, async ({ where, path, method, answer }) => {
      const isLink = method === 'POST' && path === '/v1/console/links'
      // Ringing changes nothing, and is none of a tenant's; a link may do what its key may.
      const changesNothing = method === 'GET' || isLink || (method === 'POST' && path === '/v1/ring')
      if (!changesNothing) {
        expect(answer.status, where).toBe(403)
        answers.add(answer.text)
      } else if (!forTenants.has(path)) expect(answer.status, where).toBe(403)
      else if (asksForUnknown(path, method)) expect(answer.status, where).toBe(404)
      else if (!isRouted(path, method)) expect(answer.status, where).toBe(405)
      else expect(answer.status, where).toBe(path.includes('{id}') ? 404 : isLink ? 201 : 200)
    })
    expect(answers.size).toBe(1)
  },
)

test("every route answers a tenant's own resource with a status that it documents", async () => {
  await crawl('k7', theirs, ({ where, path, method, answer }) => {
    const route = routes.find(route => route.path === path && route.method === method)
    if (!forTenants.has(path)) return expect(answer.status, where).toBe(403)
    if (asksForUnknown(path, method)) return expect(answer.status, where).toBe(404)
    if (!route) return expect(answer.status, where).toBe(405)
    if (answer.status < 400)
      expect(Object.keys(route.operation.responses), where).toContain(String(answer.status))
    // Until the crawl deletes the endpoint half-way, every resource in its paths exists.
    if (method === 'GET' && path.startsWith('/v1/e')) expect(answer.status, where).toBe(200)
  })
})
