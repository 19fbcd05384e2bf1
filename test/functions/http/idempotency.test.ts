// Idempotency-Key in real workerd: one effect and one answer, no matter how often the request arrives.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { secretContext } from '../../../delivery/endpoint.ts'
import { formatSecret } from '../../../delivery/keys.ts'
import { openKeyring } from '../../../delivery/secrets.ts'
import { atEnd } from '../../support/cleanup.ts'
import { testSettings } from '../../support/settings.ts'
import { type Answer, type Api, type Call, startApi } from '../api.ts'
import { hashOf } from '../idempotency-keys.ts'
import { fillShop } from '../shop/shop.ts'

const keys = { OUTBOX_API_KEYS: 'dev:admin:dev,other:admin:other', OUTBOX_ORDERS_PUBLIC: 'false' }
let api: Api
let lossy: Awaited<ReturnType<typeof startLossyProxy>>
beforeAll(async () => {
  lossy = await startLossyProxy()
  api = await startApi({ ...keys, NEON_PROXY: lossy.url })
  await fillShop(api.db)
  await api.db.query('insert into orders (id, client_id) values (17, 1)')
})

let key: string
beforeEach(async () => {
  key = crypto.randomUUID()
  await api.db.query(`update orders set status = 'created'`)
  await api.db.query('truncate outbox.events, outbox.fanout')
})

const keyed = (options: Call = {}): Call => ({
  ...options,
  headers: { 'idempotency-key': key, ...options.headers },
})
const ship = (options?: Call) => api.patch('/orders/17', { status: 'shipped' }, keyed(options))
const eventCount = async () => (await api.db.query('select from outbox.events')).rowCount
const same = ({ status, text }: Answer) => ({ status, text })

test('50 equal requests at once make one change, one event and 50 equal answers', async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, () => ship()))
  expect(new Set(answers.map(answer => JSON.stringify(same(answer)))).size).toBe(1)
  expect(answers[0]).toMatchObject({ status: 200, body: { id: 17, status: 'shipped' } })
  expect(await eventCount()).toBe(1)
})

test('a repeat gets the first answer and changes nothing, although the order has changed since', async () => {
  const first = await ship()
  await api.patch('/orders/17', { status: 'canceled' })
  expect(same(await ship())).toEqual(same(first))
  expect((await api.get('/orders/17')).body.status).toBe('canceled')
  expect(await eventCount()).toBe(2)
})

test('without a key the same request has its effect again', async () => {
  await ship()
  await api.patch('/orders/17', { status: 'created' })
  await api.patch('/orders/17', { status: 'shipped' })
  expect(await eventCount()).toBe(3)
})

test('a new order is made once, with its items and exact large numbers', async () => {
  await api.db.query(`insert into items (id, client_id, name) values (9007199254740993, 1, 'galaxy, "far"')
    on conflict do nothing`)
  const create = () =>
    api.post('/orders', '{"client_id": 1, "item_ids": [9007199254740993, 2]}', {
      headers: { 'idempotency-key': key, 'content-type': 'application/json' },
    })
  const answers = await Promise.all(Array.from({ length: 20 }, create))
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
  expect(answers[0]).toMatchObject({
    status: 201,
    body: { items: [{ name: 'feather' }, { id: 9007199254740993n, name: 'galaxy, "far"' }] },
  })
  expect(await eventCount()).toBe(1)
})

test('a new endpoint is made once, and every answer shows the one secret', async () => {
  const create = () =>
    api.post('/v1/endpoints', { url: 'https://a.example/x', event_types: ['a.b', 'NULL', '*'] }, keyed())
  const answers = await Promise.all(Array.from({ length: 20 }, create))
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
  expect(answers[0]!.body).toMatchObject({ event_types: ['a.b', 'NULL', '*'] })
  expect(answers[0]!.body.secret).toMatch(/^whsec_/)
  expect((await api.db.query('select from outbox.endpoint_secrets')).rowCount).toBe(1)
  const { rows } = await api.db.query('select answer::text from outbox.idempotency_steps')
  const bytes = Buffer.from(answers[0]!.body.secret.slice(6), 'base64')
  for (const form of ['base64', 'hex'] as const)
    expect(JSON.stringify(rows)).not.toContain(bytes.toString(form))
})

describe('an action on an endpoint is done once, and a repeat gets the same answer', () => {
  let endpoint: string
  beforeEach(async () => {
    const { body } = await api.post('/v1/endpoints', { url: 'https://c.example/' })
    endpoint = `/v1/endpoints/${body.id}`
  })
  const bookkeeping = async () =>
    (
      await api.db.query(`select (select count(*) from outbox.audit) as audit, (select count(*) from outbox.events) as events,
      (select count(*) from outbox.endpoint_secrets) as secrets, (select count(*) from outbox.replays) as replays`)
    ).rows[0]

  test.each<[string, string, unknown]>([
    ['PATCH', '', { description: 'new' }],
    ['POST', '/rotate', {}],
    ['POST', '/rotate', { signing: 'ed25519' }],
    ['POST', '/pause', {}],
    ['POST', '/test', {}],
    ['POST', '/replay', { since: '2026-01-01T00:00:00Z', only: 'all' }],
  ])('%s …%s %j', async (method, path, body) => {
    const ask = () => api.call(method, endpoint + path, keyed({ body }))
    const first = await ask()
    expect(first.status, first.text).toBeLessThan(300)
    const before = await bookkeeping()
    for (const repeat of await Promise.all([ask(), ask(), ask()])) expect(same(repeat)).toEqual(same(first))
    expect(await bookkeeping()).toEqual(before)
  })

  test('POST /v1/events', async () => {
    const asJson = keyed({ headers: { 'content-type': 'application/json' } })
    const ask = () => api.post('/v1/events', '{"type":"a.b","data":{"n":12345678901234567890}}', asJson)
    const answers = await Promise.all(Array.from({ length: 10 }, ask))
    expect(answers[0]!.status).toBe(202)
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect(await eventCount()).toBe(1)
  })
})

describe('a key belongs to its request', () => {
  test.each([
    ['another body', () => api.patch('/orders/17', { status: 'canceled' }, keyed())],
    ['another path', () => api.patch('/orders/18', { status: 'shipped' }, keyed())],
    ['another route', () => api.patch('/orders/update', { id: 17, status: 'shipped' }, keyed())],
    ['another method', () => api.post('/orders', { client_id: 1 }, keyed())],
  ])('%s with the same key is answered 422 and does nothing', async (_, another) => {
    await ship()
    expect(await another()).toMatchObject({ status: 422, body: { title: 'Unprocessable Content' } })
    expect(await eventCount()).toBe(1)
    expect((await ship()).status).toBe(200)
  })

  test('and to its API key: another API key may use the same one', async () => {
    await ship()
    const other = await api.patch('/orders/17', { status: 'canceled' }, keyed({ key: 'other' }))
    expect(other).toMatchObject({ status: 200, body: { status: 'canceled' } })
  })

  test('a caller with a wrong API key learns nothing of it', async () => {
    await ship()
    expect((await ship({ key: 'wrong' })).status).toBe(401)
  })
})

test('a refused request may be corrected and sent with the same key', async () => {
  expect((await api.patch('/orders/17', { status: 'lost' }, keyed())).status).toBe(400)
  expect((await ship()).status).toBe(200)
})

test('a failure on our side is not remembered', async () => {
  await api.db.query(`create function refuse() returns trigger language plpgsql as
    $$ begin raise exception 'no' using errcode = 'read_only_sql_transaction'; end $$`)
  await api.db.query('create trigger refuse before update on orders for each row execute function refuse()')
  expect((await ship()).status).toBe(503)
  expect((await ship()).status).toBe(503)
  await api.db.query('drop function refuse() cascade')
  expect((await ship()).status).toBe(200)
  expect(await eventCount()).toBe(1)
})

test.each(['a b', 'ü', 'x'.repeat(256)])('"%s" is refused as a key', async idempotencyKey => {
  const answer = await ship({ headers: { 'idempotency-key': idempotencyKey } })
  expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: 'Idempotency-Key' }] } })
})

describe("when the database's reply is lost after the commit", () => {
  test('a changed order is answered 503 first, then 200, and makes one event', async () => {
    lossy.loseReply(1)
    expect((await ship()).status).toBe(503)
    expect(await eventCount()).toBe(1)
    expect(await ship()).toMatchObject({ status: 200, body: { status: 'shipped' } })
    expect(await eventCount()).toBe(1)
  })

  test.each([1, 2, 3, 4])(
    'at statement %i of a new endpoint: one endpoint is made, and the secret that is shown signs',
    async n => {
      const before = (await api.db.query('select from outbox.endpoints')).rowCount!
      const create = () => api.post('/v1/endpoints', { url: 'https://b.example/' }, keyed())
      lossy.loseReply(n)
      expect((await create()).status).toBe(503)
      const second = await create()
      expect(second.status).toBe(201)
      expect((await create()).text).toBe(second.text)
      expect((await api.db.query('select from outbox.endpoints')).rowCount).toBe(before + 1)
      expect(await newestSecret()).toBe(second.body.secret)
    },
  )
})

describe('a key is kept for 24 hours', () => {
  const age = (interval: string) =>
    api.db.query(`update outbox.idempotency_keys set claimed_at = claimed_at - $1::interval`, [interval])

  test('a minute less: a repeat is still the same request', async () => {
    await ship()
    await api.patch('/orders/17', { status: 'created' })
    await age('23 hours 59 minutes')
    await ship()
    expect(await eventCount()).toBe(2)
  })

  test('a moment more: it is a new request, with any content', async () => {
    await ship()
    await age('24 hours')
    expect((await api.patch('/orders/17', { status: 'canceled' }, keyed())).status).toBe(200)
    expect((await ship()).status).toBe(422)
  })

  test('an hour more: the key is deleted, although it was not used again', async () => {
    await ship()
    await age('25 hours')
    const gone = key
    for (key of Array.from({ length: 5 }, () => crypto.randomUUID())) await ship()
    const { rowCount } = await api.db.query('select from outbox.idempotency_keys where key = $1', [
      hashOf('dev', gone),
    ])
    expect(rowCount).toBe(0)
  })
})

test('a PATCH takes one round trip, with a key or without', async () => {
  const trips = async (patch: () => Promise<Answer>) => {
    const before = lossy.requests
    expect((await patch()).status).toBe(200)
    return lossy.requests - before
  }
  expect(await trips(() => api.patch('/orders/17', { status: 'shipped' }))).toBe(1)
  expect(await trips(ship)).toBe(1)
  expect(await trips(ship)).toBe(1)
})

test('reads and webhooks ignore the key', async () => {
  expect((await api.get('/orders', keyed())).status).toBe(200)
  expect((await api.post('/receivers/billing', {}, keyed())).status).toBe(401)
  const { rowCount } = await api.db.query('select from outbox.idempotency_keys where key = $1', [
    hashOf('dev', key),
  ])
  expect(rowCount).toBe(0)
})

async function newestSecret() {
  const keyring = await openKeyring(testSettings.OUTBOX_MASTER_KEYS)
  const { rows } = await api.db.query('select * from outbox.endpoint_secrets order by id desc limit 1')
  const bytes = await keyring.open(rows[0].sealed, secretContext(rows[0].id, rows[0].endpoint_id))
  return formatSecret({ signing: 'hmac', bytes })
}

/** In front of the Neon proxy: on request it passes a statement on and drops the answer. */
async function startLossyProxy() {
  let requests = 0
  let lostAt = 0
  const server = createServer(async (request, response) => {
    const isLost = ++requests === lostAt
    const answer = await fetch(`${inject('proxyUrl')}${request.url}`, {
      method: 'POST',
      headers: request.headers as Record<string, string>,
      body: await buffer(request),
    })
    const body = Buffer.from(await answer.arrayBuffer())
    if (isLost) return void request.socket.destroy()
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  atEnd(() => server.close())
  atEnd(() => server.closeAllConnections())
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests
    },
    loseReply(nth: number) {
      lostAt = requests + nth
    },
  }
}
