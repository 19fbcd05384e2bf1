// Whose an Idempotency-Key is, and how it is kept: nobody meets the request of somebody else, and a reader of the database
// learns no key.
import { createHash, randomBytes } from 'node:crypto'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startWorker, type TestWorker } from '../../support/worker.ts'
import { type Api, startApi } from '../api.ts'
import { fillShop } from '../shop/shop.ts'

let api: Api
let key: string
beforeAll(async () => {
  api = await startApi({ OUTBOX_ORDERS_PUBLIC: 'true' })
  await fillShop(api.db)
})
beforeEach(() => {
  key = `order-17-${crypto.randomUUID()}`
})

test.each(['order-17-CANARY', 'CANARY', '~'.repeat(200)])(
  'the key %j is not in the database, nor a hash that anybody can make',
  async key => {
    const post = (path: string, body: unknown) =>
      api.post(path, body, { headers: { 'idempotency-key': key } })
    expect((await post('/v1/events', { type: 'a.b', data: 1 })).status).toBe(202)
    expect((await post('/orders', { client_id: 1 })).status).toBe(201)
    const { rows } = await api.db.query(`select k::text, s::text as step from outbox.idempotency_keys k
    left join outbox.idempotency_steps s using (scope, key)`)
    expect(rows.length).toBeGreaterThan(1)
    const held = JSON.stringify(rows)
    expect(held).not.toContain(key)
    for (const text of [key, JSON.stringify(['dev', key]), JSON.stringify(['', key])]) {
      for (const form of ['base64', 'hex'] as const)
        expect(held).not.toContain(createHash('sha256').update(text).digest(form))
    }
  },
)

describe('of callers without an API key', () => {
  const order = (client_id: number, address: string | null) =>
    api.post(
      '/orders',
      { client_id },
      {
        key: '',
        headers: { 'idempotency-key': key, ...(address === null ? {} : { 'cf-connecting-ip': address }) },
      },
    )

  test.each([
    ['an IPv4 address', '192.0.2.1', '192.0.2.1'],
    ['an IPv6 network', '2001:db8::1', '2001:db8::2'],
    ['no address', null, null],
  ])('known by %s, one repeats a request: it has its effect once', async (_, first, second) => {
    const made = await order(1, first)
    expect(made.status).toBe(201)
    expect((await order(1, second)).text).toBe(made.text)
  })

  test.each([
    ['another address', '192.0.2.2', 1],
    ['another address and request', '192.0.2.2', 2],
    ['another network', '2001:db8:0:1::1', 1],
    ['the same address and another request', '192.0.2.1', 2],
  ])('one with %s uses the same key: it gets an answer of its own', async (_, address, client) => {
    const mine = await order(1, '192.0.2.1')
    const theirs = await order(client, address)
    expect([mine.status, theirs.status]).toEqual([201, 201])
    expect(theirs.body).toMatchObject({ client_id: client })
    expect(theirs.body.id).not.toBe(mine.body.id)
    expect((await order(1, '192.0.2.1')).text).toBe(mine.text)
  })

  test('a mistake may be corrected with the same key', async () => {
    expect((await order(4711, '192.0.2.1')).status).toBe(400)
    expect((await order(1, '192.0.2.1')).status).toBe(201)
  })
})

/** Deployments before a key is replaced, once the new one is there too, and once that is the first. */
async function deploy(setting: string, old: string, next: string): Promise<Deployments> {
  const values = [old, `${old},${next}`, `${next},${old}`]
  return (await Promise.all(
    values.map(value => startWorker({ ...api.database.env, OUTBOX_ORDERS_PUBLIC: 'true', [setting]: value })),
  )) as Deployments
}

type Deployments = [before: TestWorker, added: TestWorker, changed: TestWorker]

async function post(worker: TestWorker, path: string, body: unknown, apiKey: string) {
  const headers = {
    authorization: `Bearer ${apiKey}`,
    'content-type': 'application/json',
    'idempotency-key': key,
  }
  const response = await worker.fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })
  return { status: response.status, text: await response.text() }
}

describe('while an API key is replaced by one of the same name', () => {
  let before: TestWorker
  let added: TestWorker
  let changed: TestWorker
  beforeAll(async () => {
    ;[before, added, changed] = await deploy('OUTBOX_API_KEYS', 'me:admin:old', 'me:admin:new')
  })
  const emit = (worker: TestWorker, data: number, apiKey: string) =>
    post(worker, '/v1/events', { type: 'replaced.key', data }, apiKey)

  test('a repeat with either is recognized, and another request is refused', async () => {
    const first = await emit(before, 1, 'old')
    expect(first.status).toBe(202)
    for (const [worker, apiKey] of [
      [added, 'old'],
      [added, 'new'],
      [changed, 'new'],
      [before, 'old'],
    ] as const) {
      expect(await emit(worker, 1, apiKey)).toEqual(first)
      expect((await emit(worker, 2, apiKey)).status).toBe(422)
    }
  })

  test('equal requests at once, with either, have one effect', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 ? emit(added, 1, 'old') : emit(changed, 1, 'new'))),
    )
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
  })

  test('a day after, the key is free for another request', async () => {
    await emit(before, 1, 'old')
    await api.db.query(`update outbox.idempotency_keys set claimed_at = claimed_at - interval '24 hours'`)
    expect((await emit(changed, 2, 'new')).status).toBe(202)
    expect((await emit(added, 2, 'old')).status).toBe(202)
    expect((await emit(added, 1, 'old')).status).toBe(422)
  })

  test('a key of another name is another caller', async () => {
    const others = await startWorker({ ...api.database.env, OUTBOX_API_KEYS: 'you:admin:old,me:admin:new' })
    const mine = await emit(before, 1, 'old')
    const theirs = await emit(others, 1, 'old')
    expect([mine.status, theirs.status]).toEqual([202, 202])
    expect(theirs.text).not.toBe(mine.text)
  })
})

describe('while the master key is replaced', () => {
  const masterKey = (id: string) => `${id}:${randomBytes(32).toString('base64')}`
  let deployments: Deployments
  beforeAll(async () => {
    deployments = await deploy('OUTBOX_MASTER_KEYS', masterKey('old'), masterKey('next'))
  })

  test.each([
    ['with an API key', '/v1/events', { type: 'rotated.key', data: 1 }, 'dev'],
    ['without one', '/orders', { client_id: 1 }, ''],
  ])('a repeat %s is recognized by each deployment', async (_, path, body, apiKey) => {
    const [before, added, changed] = deployments
    const first = await post(before, path, body, apiKey)
    expect(first.status).toBeLessThan(300)
    for (const worker of [added, changed, before]) {
      expect(await post(worker, path, body, apiKey)).toEqual(first)
    }
    key = `another-${key}`
    const later = await post(changed, path, body, apiKey)
    expect(later.text).not.toBe(first.text)
    expect(await post(added, path, body, apiKey)).toEqual(later)
  })
})
