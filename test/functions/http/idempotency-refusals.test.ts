// Which refusals an Idempotency-Key remembers: those that depend on the state of things. A mistake in the request itself may
// be corrected and sent with the same key.
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Api, startApi } from '../api.ts'
import { hashOf } from '../idempotency-keys.ts'
import { fillShop } from '../shop/shop.ts'

let api: Api
let key: string
let endpoint: string
beforeAll(async () => {
  api = await startApi()
  await fillShop(api.db)
  const { body } = await api.post('/v1/endpoints', { url: 'https://a.example/' })
  endpoint = `/v1/endpoints/${body.id}`
})
beforeEach(() => {
  key = crypto.randomUUID()
})

const ask = (method: string, path: string, body?: unknown, idempotencyKey = key) =>
  api.call(method, path, { body, headers: { 'idempotency-key': idempotencyKey } })
const remembered = async () =>
  (await api.db.query('select from outbox.idempotency_keys where key = $1', [hashOf('dev', key)]))
    .rowCount === 1

describe('remembered, although the state has changed since', () => {
  test('404: there was no such order', async () => {
    const ship = (idempotencyKey?: string) =>
      ask('PATCH', '/orders/4711', { status: 'shipped' }, idempotencyKey)
    const first = await ship()
    expect(first.status).toBe(404)
    await api.db.query('insert into orders (id, client_id) values (4711, 1)')
    const repeat = await ship()
    expect([repeat.status, repeat.text]).toEqual([first.status, first.text])
    expect((await ship('another')).status).toBe(200)
  })

  test('409: the endpoint was disabled', async () => {
    await api.call('POST', `${endpoint}/disable`)
    expect((await ask('POST', `${endpoint}/test`)).status).toBe(409)
    await api.call('POST', `${endpoint}/resume`)
    expect((await ask('POST', `${endpoint}/test`)).status).toBe(409)
    expect((await ask('POST', `${endpoint}/test`, undefined, 'once-more')).status).toBe(202)
  })
})

describe('not remembered: a corrected request may use the same key', () => {
  const future = new Date(Date.now() + 86_400_000).toISOString()
  const tooMuch = `{"type":"a.b","data":[${Array(1000).fill('1e300').join()}]}`
  test.each<[string, () => string, unknown, unknown, number]>([
    ['400: an unknown field', () => '/v1/endpoints', { uri: 1 }, { url: 'https://b.example/' }, 201],
    [
      '400: a forbidden address',
      () => '/v1/endpoints',
      { url: 'https://10.0.0.1/' },
      { url: 'https://b.example/' },
      201,
    ],
    ['400: a bad secret', () => `${endpoint}/rotate`, { secret: 'whsec_short' }, {}, 200],
    [
      '400: a time to come',
      () => `${endpoint}/replay`,
      { since: future },
      { since: '2026-01-01T00:00:00Z', dry_run: true },
      200,
    ],
    ['413: too large for the database', () => '/v1/events', tooMuch, { type: 'a.b', data: 1 }, 202],
  ])('%s', async (refused, path, mistake, corrected, status) => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': key }
    const first = await api.call('POST', path(), { body: mistake, headers })
    expect(refused, first.text).toContain(String(first.status))
    expect(await remembered()).toBe(false)
    const second = await ask('POST', path(), corrected)
    expect(second.status, second.text).toBe(status)
    expect((await ask('POST', path(), corrected)).text).toBe(second.text)
  })

  test('429', async () => {
    await api.db.query(
      `insert into outbox.rate_buckets (name, tokens) values ('test/dev', -100)
       on conflict (name) do update set tokens = -100, filled_at = clock_timestamp()`,
    )
    expect((await ask('POST', `${endpoint}/test`)).status).toBe(429)
    await api.db.query('delete from outbox.rate_buckets')
    expect((await ask('POST', `${endpoint}/test`)).status).toBe(202)
  })

  test('forgetting a mistake keeps what another request did with the key', async () => {
    const made = await ask('POST', '/v1/endpoints', { url: 'https://c.example/' })
    expect(made.status).toBe(201)
    expect((await ask('POST', '/v1/endpoints', { url: 'https://10.0.0.1/' })).status).toBe(422)
    expect((await ask('POST', '/v1/endpoints', { url: 'https://c.example/' })).text).toBe(made.text)
  })
})
