// Tenant keys see and change what is theirs, and cannot tell whether anything else exists.
import { beforeAll, describe, expect, test } from 'vitest'
import { parseApiKeys } from '../../../functions/access/api-keys.ts'
import { routesOf } from '../../security/routes.ts'
import { greedy, storeOn } from '../../support/outbox.ts'
import { type Answer, type Api, startApi } from '../api.ts'

const keys = 'dev:admin:dev,seven:admin:k7:7,eight:admin:k8:8,look:read:r7:7'
const since = '2026-01-01T00:00:00Z'
let api: Api
/** What belongs to tenant 7: `ep`, `evt`, `dlv`, `rpl`. */
let theirs: Record<string, string>
let operators: { endpoint: string; delivery: string }

beforeAll(async () => {
  api = await startApi({ OUTBOX_API_KEYS: keys, OUTBOX_ORDERS_PUBLIC: 'false' })
  const url = 'https://example.com/hooks'
  const ep = (await api.post('/v1/endpoints', { url }, { key: 'k7' })).body.id
  const endpoint = (await api.post('/v1/endpoints', { url })).body.id
  const evt = (await api.post('/v1/events', { type: 'a.b', data: {} }, { key: 'k7' })).body.id
  await storeOn(api.db).take(greedy('a:1', { leaseLimit: 0 }))
  const { data } = (await api.get('/v1/deliveries')).body
  const of = (id: string) => data.find((d: { endpoint_id: string }) => d.endpoint_id === id).id
  const rpl = (await api.post(`/v1/endpoints/${ep}/replay`, { since }, { key: 'k7' })).body.id
  theirs = { ep, evt, dlv: of(ep), rpl }
  operators = { endpoint, delivery: of(endpoint) }
})

const dump = async () =>
  (
    await api.db.query(
      `select (select json_agg(p order by id) from outbox.endpoints p), (select json_agg(s order by id) from outbox.endpoint_secrets s),
              (select json_agg(d order by endpoint_id, event_id) from outbox.deliveries d), (select json_agg(r order by id) from outbox.replays r),
              (select count(*) from outbox.events), (select count(*) from outbox.audit)`,
    )
  ).rows[0]

test('a tenant key always creates for its own tenant, and is refused for another', async () => {
  const url = 'https://example.com/mine'
  for (const tenant of [undefined, null, '8']) {
    const endpoint = await api.post('/v1/endpoints', { url, tenant }, { key: 'k8' })
    expect(endpoint).toMatchObject({ status: 201, body: { tenant: '8' } })
    const event = await api.post('/v1/events', { type: 'mine', data: 1, tenant }, { key: 'k8' })
    expect(event).toMatchObject({ status: 202, body: { tenant: '8' } })
    const path = `/v1/endpoints/${endpoint.body.id}`
    expect((await api.patch(path, { tenant }, { key: 'k8' })).body).toMatchObject({ tenant: '8' })
    expect((await api.patch(path, { tenant: '7' }, { key: 'k8' })).status).toBe(403)
    expect((await api.get(path)).body.tenant).toBe('8')
  }
  expect((await api.post('/v1/endpoints', { url, tenant: '7' }, { key: 'k8' })).status).toBe(403)
  expect((await api.post('/v1/events', { type: 'a', data: 1, tenant: '7' }, { key: 'k8' })).status).toBe(403)
})

describe('a tenant sees its own', () => {
  test.each(['k7', 'r7'])('with the key %s', async key => {
    const get = async (path: string) => (await api.get(path, { key })).body
    expect((await get('/v1/endpoints')).data).toMatchObject([{ id: theirs.ep }])
    expect((await get('/v1/events')).data).toMatchObject([
      { id: theirs.evt, deliveries: [{ id: theirs.dlv, endpoint_id: theirs.ep }] },
    ])
    expect((await get('/v1/deliveries')).data).toMatchObject([{ id: theirs.dlv }])
    expect((await get('/v1/replays')).data).toMatchObject([{ id: theirs.rpl }])
    expect((await get(`/v1/events/${theirs.evt}`)).deliveries).toMatchObject([{ id: theirs.dlv }])
    expect(await get(`/v1/deliveries/${theirs.dlv}`)).toMatchObject({ endpoint_id: theirs.ep })
    expect(await get('/v1/stats')).toMatchObject({
      deliveries: { pending: 1 },
      endpoints: [{ id: theirs.ep, pending: 1 }],
    })
  })

  test("but not the deliveries to an operator's endpoint, which operators see", async () => {
    expect((await api.get(`/v1/deliveries/${operators.delivery}`, { key: 'k7' })).status).toBe(404)
    expect((await api.get(`/v1/deliveries/${operators.delivery}`)).status).toBe(200)
    expect((await api.get(`/v1/events/${theirs.evt}`)).body.deliveries).toHaveLength(2)
    expect((await api.get('/v1/stats')).body.deliveries.pending).toBe(2)
  })

  test("lists filtered by another tenant's ids are empty", async () => {
    for (const path of [
      `/v1/deliveries?endpoint_id=${theirs.ep}`,
      `/v1/deliveries?event_id=${theirs.evt}`,
      `/v1/replays?endpoint_id=${theirs.ep}`,
      '/v1/events?tenant=7',
      '/v1/events?type=a.b',
    ]) {
      expect((await api.get(path, { key: 'k8' })).body, path).toEqual({ data: [], next_cursor: null })
      expect((await api.get(path, { key: 'k7' })).body.data, path).toHaveLength(1)
    }
  })

  test('and not the deliveries from before an endpoint moved to another tenant', async () => {
    const url = 'https://example.com/moved'
    const { id } = (await api.post('/v1/endpoints', { url, event_types: ['moved'], tenant: '7' })).body
    await api.post('/v1/events', { type: 'moved', data: {}, tenant: '7' })
    await storeOn(api.db).take(greedy('a:2', { leaseLimit: 0 }))
    const [delivery] = (await api.get(`/v1/deliveries?endpoint_id=${id}`)).body.data
    await api.patch(`/v1/endpoints/${id}`, { tenant: '8' })
    expect((await api.get(`/v1/deliveries?endpoint_id=${id}`, { key: 'k8' })).body.data).toEqual([])
    expect((await api.get(`/v1/deliveries/${delivery.id}`, { key: 'k8' })).status).toBe(404)
    await api.call('DELETE', `/v1/endpoints/${id}`)
  })
})

/** What a route wants at least, by the end of its path. */
const bodies: Record<string, object> = {
  replay: { since },
  pull: { holder: 'me' },
  settle: { lease: 'me:1', duration_ms: 1, status: 200 },
}

test("another tenant's id gets the same answer as a missing one on every route, and has no effect", async () => {
  const missing: Record<string, string> = {
    ep: 'ep_00000000000fffff00000001',
    evt: 'evt_00000000000fffff00000001',
    dlv: 'dlv_00000000000fffff00000000000fffff',
    rpl: 'rpl_00000000000fffff00000001',
  }
  const prefixes = { endpoints: 'ep', events: 'evt', deliveries: 'dlv', replays: 'rpl' }
  const routes = (await routesOf(api)).filter(({ path }) => path.startsWith('/v1/') && path.includes('{id}'))
  expect(routes.length).toBeGreaterThan(12)
  const before = await dump()
  const told = ({ status, text }: Answer) => ({ status, text })
  for (const { method, path } of routes) {
    const prefix = prefixes[path.split('/')[2] as keyof typeof prefixes]
    const body = method === 'GET' || method === 'DELETE' ? undefined : (bodies[path.split('/').at(-1)!] ?? {})
    const ask = (ids: Record<string, string>) =>
      api.call(method, path.replace('{id}', ids[prefix]!), { key: 'k8', ...(body && { body }) })
    const [foreign, unknown] = [await ask(theirs), await ask(missing)]
    expect(told(foreign), `${method} ${path}`).toEqual(told(unknown))
    expect([403, 404], `${method} ${path}`).toContain(foreign.status)
  }
  expect(await dump()).toEqual(before)
})

test('routes that show everything, and the shop, refuse tenant keys', async () => {
  for (const path of [
    '/v1/audit',
    '/v1/keys',
    '/v1/listeners',
    '/metrics',
    '/v1/health/capture',
    '/v1/explain',
    `/v1/events/${theirs.evt}/explain`,
    '/orders',
    '/clients',
    '/clients/1/charges',
  ]) {
    expect((await api.get(path, { key: 'k7' })).status, path).toBe(403)
    expect((await api.get(path)).status, path).not.toBe(403)
  }
})

test('a read-only tenant key changes nothing', async () => {
  const before = await dump()
  expect((await api.patch(`/v1/endpoints/${theirs.ep}`, { max_in_flight: 1 }, { key: 'r7' })).status).toBe(
    403,
  )
  expect((await api.call('POST', `/v1/deliveries/${theirs.dlv}/redeliver`, { key: 'r7' })).status).toBe(403)
  expect(await dump()).toEqual(before)
})

test('a tenant key manages its own endpoints as an operator would', async () => {
  const call = (method: string, path: string, body?: object) => api.call(method, path, { key: 'k7', body })
  const at = `/v1/endpoints/${theirs.ep}`
  expect((await call('PATCH', at, { max_in_flight: 3 })).status).toBe(200)
  expect((await call('POST', `${at}/pause`)).status).toBe(200)
  expect((await call('POST', `${at}/resume`)).status).toBe(200)
  expect((await call('POST', `${at}/rotate`)).status).toBe(200)
  expect((await call('POST', `${at}/test`)).status).toBe(202)
  expect((await call('POST', `/v1/replays/${theirs.rpl}/cancel`)).status).toBe(200)
  expect((await call('POST', `/v1/deliveries/${theirs.dlv}/redeliver`)).status).toBe(202)
  expect((await call('DELETE', at)).status).toBe(204)
  const { data } = (await api.get(`/v1/audit?endpoint_id=${theirs.ep}`)).body
  expect(new Set(data.map(({ who }: { who: string }) => who))).toEqual(new Set(['seven']))
})

test.each([
  ['a:admin:x', null],
  ['a:admin:x:7', '7'],
  ['a:read:x:client 7/é', null],
])('the tenant in the setting %s', async (spec, tenant) => {
  const parsed = await parseApiKeys(spec)
  if (spec.includes(' ')) expect(parsed).toBeNull()
  else expect(parsed).toMatchObject([{ tenant }])
})
