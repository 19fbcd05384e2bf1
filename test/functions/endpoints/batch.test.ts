// POST /v1/endpoints/batch: many endpoints with one statement, all or none, each by the rules of one alone.
import { beforeAll, describe, expect, test } from 'vitest'
import { startNeonProxy } from '../../../dev/neon-proxy.ts'
import { atEnd } from '../../support/cleanup.ts'
import { startTestListener } from '../../support/outbox.ts'
import { startReceiver } from '../../support/receiver.ts'
import { type Api, type Call, startApi } from '../api.ts'

let api: Api
let roundTrips: () => number
beforeAll(async () => {
  const proxy = await startNeonProxy({ port: 0 })
  atEnd(() => proxy.stop())
  roundTrips = () => proxy.stats.requests
  api = await startApi({ OUTBOX_API_KEYS: 'dev:admin:dev,seven:admin:k7:7', NEON_PROXY: proxy.url })
})

const post = (batch: object, options?: Call) => api.post('/v1/endpoints/batch', batch, options)
const url = 'https://example.com/hook'
let names = 0
const named = (more: object = {}) => ({ name: `batch-${++names}`, url, ...more })
const count = async () => (await api.db.query('select from outbox.endpoints')).rowCount
const read = async (id: string) => (await api.get(`/v1/endpoints/${id}`)).body
const audit = async () =>
  (
    await api.db.query(
      `select a.action, a.changes, a.who, a.request_id, outbox.endpoint_id(p.id, p.nonce) as endpoint
       from outbox.audit a join outbox.endpoints p on p.id = a.endpoint_id order by a.id desc limit 4`,
    )
  ).rows

/** One to change and one to delete. */
async function existing() {
  const { body } = await post({ create: [named(), named()] })
  return body.created.map(({ id }: { id: string }) => id) as [string, string]
}

test('makes, changes and deletes at once, and the audit has each of them', async () => {
  const [changed, deleted] = await existing()
  const answer = await post({
    create: [named({ tenant: '7', headers: { 'x-team': 'a' } }), named({ signing: 'ed25519' })],
    update: [{ id: changed, url: 'https://example.com/other?token=1', rate_per_second: 5 }],
    delete: [deleted],
  })
  expect(answer.status, answer.text).toBe(200)
  const [first, second] = answer.body.created
  expect(answer.body).toEqual({
    created: [
      { id: first.id, name: `batch-${names - 1}`, secret: expect.stringMatching(/^whsec_/) },
      { id: second.id, name: `batch-${names}`, public_key: expect.stringMatching(/^whpk_/) },
    ],
    updated: [changed],
    deleted: [deleted],
  })
  expect(await read(first.id)).toMatchObject({ tenant: '7', state: 'active' })
  expect(await read(changed)).toMatchObject({ rate_per_second: 5 })
  expect((await api.get(`/v1/endpoints/${deleted}`)).status).toBe(404)
  const written = await audit()
  expect(new Set(written.map(({ request_id }) => request_id)).size).toBe(1)
  expect(written).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ action: 'endpoint.created', endpoint: first.id, who: 'dev', changes: null }),
      expect.objectContaining({ action: 'endpoint.created', endpoint: second.id }),
      expect.objectContaining({
        action: 'endpoint.changed',
        endpoint: changed,
        changes: {
          url: { from: url, to: 'https://example.com/other?***' },
          rate_per_second: { from: null, to: 5 },
        },
      }),
      expect.objectContaining({ action: 'endpoint.deleted', endpoint: deleted }),
    ]),
  )
})

test('the keys sign: a webhook to an endpoint of a batch is sent, also with its own headers', async () => {
  const receiver = await startReceiver()
  await startTestListener(api.database.url)
  const { body } = await post({
    create: [named({ url: receiver.url, event_types: ['none'], headers: { 'x-team': 'a' } })],
  })
  await api.post(`/v1/endpoints/${body.created[0].id}/test`, undefined)
  const [webhook] = await receiver.waitFor(1)
  expect(webhook!.headers).toMatchObject({
    'x-team': 'a',
    'webhook-signature': expect.stringMatching(/^v1,/),
  })
})

test('200 take as many round trips as one, and a repeat with the same key gives the same secrets', async () => {
  const batch = { create: Array.from({ length: 200 }, () => named()) }
  const headers = { 'idempotency-key': 'two hundred'.replace(' ', '-') }
  const before = roundTrips()
  const answer = await post(batch, { headers })
  expect(roundTrips() - before).toBeLessThanOrEqual(4)
  expect(answer.body.created).toHaveLength(200)
  expect(new Set(answer.body.created.map(({ secret }: { secret: string }) => secret)).size).toBe(200)
  const all = await count()
  expect((await post(batch, { headers })).text).toBe(answer.text)
  expect(await count()).toBe(all)
})

describe('one that is refused refuses them all, and the answer names its place:', () => {
  const refused: [why: string, batch: (ids: [string, string]) => object, status: number, path: string][] = [
    ['a URL', () => ({ create: [named(), named({ url: 'http://10.0.0.1/' })] }), 400, 'create.1.url'],
    ['a header', () => ({ create: [named({ headers: { host: 'a' } })] }), 400, 'create.0.headers.host'],
    ['a secret', () => ({ create: [named(), named({ secret: 'whsec_short' })] }), 400, 'create.1.secret'],
    ['an unknown setting', () => ({ create: [named({ urls: 1 })] }), 400, 'create.0.urls'],
    [
      'a changed URL',
      ([id]) => ({ create: [named()], update: [{ id, url: 'http://10.0.0.1/' }] }),
      400,
      'update.0.url',
    ],
    ['a kind that stays', ([id]) => ({ update: [{ id, kind: 'pull' }] }), 400, 'update.0.kind'],
    [
      'no endpoint',
      () => ({ create: [named()], update: [{ id: 'ep_0000000000000001a1b2c3d4' }] }),
      404,
      'update.0.id',
    ],
    ['no id', () => ({ create: [named()], delete: ['nonsense'] }), 404, 'delete.0'],
    [
      'one twice',
      ([id]) => ({ create: [named()], update: [{ id, rate_per_second: 1 }], delete: [id] }),
      400,
      'delete.0',
    ],
  ]
  test.each(refused)('%s', async (_, batch, status, path) => {
    const ids = await existing()
    const before = [await count(), await read(ids[0])]
    const answer = await post(batch(ids))
    expect([answer.status, answer.body.errors[0].path], answer.text).toEqual([status, path])
    expect(answer.body.errors[0].pointer).toBe(`/${path.replaceAll('.', '/')}`)
    expect([await count(), await read(ids[0])]).toEqual(before)
  })

  test('a name that is taken', async () => {
    const taken = named()
    await post({ create: [taken] })
    const before = await count()
    expect(await post({ create: [named(), taken] })).toMatchObject({
      status: 409,
      body: { type: 'urn:outbox:problem:name-taken' },
    })
    expect(await count()).toBe(before)
  })

  test.each([
    ['nothing', () => ({})],
    ['201', () => ({ create: Array.from({ length: 201 }, () => named()) })],
    ['201 of two kinds', () => ({ create: Array.from({ length: 200 }, () => named()), delete: ['ep_1'] })],
  ])('%s', async (_, batch) => {
    const before = await count()
    expect(await post(batch())).toMatchObject({ status: 400 })
    expect(await count()).toBe(before)
  })
})

test('a tenant’s key makes its own, and meets nothing of another’s', async () => {
  const [others] = await existing()
  const key = { key: 'k7' }
  const { body } = await post({ create: [named()] }, key)
  const own = body.created[0].id
  expect(await read(own)).toMatchObject({ tenant: '7' })
  expect(await post({ create: [named({ tenant: '8' })] }, key)).toMatchObject({ status: 403 })
  expect(await post({ update: [{ id: own, tenant: '8' }] }, key)).toMatchObject({ status: 403 })
  expect(await post({ update: [{ id: own, rate_per_second: 1 }], delete: [others] }, key)).toMatchObject({
    status: 404,
  })
  expect(await read(own)).toMatchObject({ rate_per_second: null })
  expect(await post({ update: [{ id: own, rate_per_second: 1 }] }, key)).toMatchObject({ status: 200 })
  expect(await read(own)).toMatchObject({ rate_per_second: 1, tenant: '7' })
})

test('a list shows URLs with their queries only where it is asked to', async () => {
  await post({ create: [named({ url: 'https://example.com/hook?token=1' })] })
  const name = `batch-${names}`
  const [hidden, shown] = [
    await api.get(`/v1/endpoints?name=${name}`),
    await api.get(`/v1/endpoints?name=${name}&include=url_query`),
  ]
  expect(hidden.body.data).toMatchObject([{ url: 'https://example.com/hook?***' }])
  expect(shown.body.data).toMatchObject([{ url: 'https://example.com/hook?token=1' }])
})
