// Requests generated from each route's own schema. `OUTBOX_FUZZ_REQUESTS=10000` sends more of them.
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { type Api, startApi, withoutWaiting } from '../functions/api.ts'
import { fillShop } from '../functions/shop/shop.ts'
import { freshDatabase } from '../support/database.ts'
import { loginAs } from '../support/login.ts'
import { type Request, requestFor, useComponents } from './arbitrary.ts'
import { expectDecent, type Route, routesOf } from './routes.ts'

/** The suite sends the same requests every time. With OUTBOX_FUZZ_REQUESTS they are new ones. */
const more = process.env.OUTBOX_FUZZ_REQUESTS
const requestCount = Number(more ?? 600)
const seed = more ? Date.now() : 20_261_123

let api: Api
let routes: Route[]
const ids: Record<string, string[]> = {}
beforeAll(async () => {
  const database = await freshDatabase()
  // As the user of production: a missing right of a route would be a 500.
  const DATABASE_URL = await loginAs('outbox_functions', database.url)
  api = { ...(await startApi({ DATABASE_URL })), database, db: await database.connect() }
  await fillShop(api.db)
  await api.db.query(
    `insert into clients (id, name, email) select n, 'C', 'c@example.com' from generate_series(3, 20) as n`,
  )
  // The examples in the schemas exist.
  await api.db.query(`insert into items (id, client_id, name) values (17, 17, 'kite')`)
  await api.db.query('insert into orders (client_id) select 1 from generate_series(1, 20)')
  // Many, because requests among them delete endpoints.
  for (let n = 1; n <= 40; n++) await api.post('/v1/endpoints', { url: `http://127.0.0.1:65000/${n}` })
  for (const n of [1, 2, 3]) await api.post('/v1/events', { type: 'fuzz.begins', data: { n } })
  await api.worker.scheduled()
  useComponents((await api.get('/openapi.json')).body.components.schemas)
  routes = await routesOf(api)
  for (const list of ['/v1/endpoints', '/v1/events', '/v1/deliveries']) {
    ids[list] = (await api.get(list)).body.data.map(({ id }: { id: string }) => id)
    expect(ids[list]!.length).toBeGreaterThan(2)
  }
})

const send = ({ method, path, headers, body }: Request) =>
  api.call(method, withoutWaiting(path), {
    headers: headers as Record<string, string>,
    ...(body === undefined ? {} : { body: new TextEncoder().encode(body) }),
  })

test('no generated request gets a 5xx, an odd form of answer, or internal details', {
  timeout: 600_000,
}, async () => {
  const seen = new Map<number, number>()
  // Writes are sent twice as often as reads.
  const writing = routes.filter(({ method }) => method !== 'GET')
  const anything = fc
    .constantFrom(...routes, ...writing)
    .chain(route => requestFor(route, ids[route.path.split('/{')[0]!] ?? []))
  await fc.assert(
    fc.asyncProperty(fc.array(anything, { minLength: 10, maxLength: 10 }), async requests => {
      const answers = await Promise.all(requests.map(send))
      for (const [i, answer] of answers.entries()) {
        const { method, path, body } = requests[i]!
        expectDecent(`${method} ${path} ${body}`, answer)
        seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1)
      }
    }),
    { numRuns: requestCount / 10, seed },
  )
  console.log(`${requestCount} requests:`, Object.fromEntries(seen))
  // If every answer were a 400, only the parser would have been tested.
  expect(seen.get(200) ?? 0).toBeGreaterThan(requestCount / 50)
  expect(seen.get(201) ?? 0).toBeGreaterThan(0)
  expect(seen.get(400) ?? 0).toBeGreaterThan(requestCount / 50)
  expect(seen.get(404) ?? 0).toBeGreaterThan(0)
})

test('after all generated requests the API still works', async () => {
  expect((await api.db.query('select from clients')).rowCount).toBe(20)
  expect((await api.patch('/orders/1', { status: 'shipped' })).status).toBe(200)
  expect((await api.get('/healthz')).status).toBe(200)
})
