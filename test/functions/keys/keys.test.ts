// Keys that are given out and revoked through the API, without a deployment.
import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { type Api, startApi } from '../api.ts'

let api: Api
beforeAll(async () => {
  api = await startApi({ OUTBOX_API_KEYS: 'dev:admin:dev,look:read:look,seven:admin:k7:7' })
})

const give = async (body: object, options?: object) => (await api.post('/v1/keys', body, options)).body
const status = async (key: string, path = '/v1/stats') => (await api.get(path, { key })).status
const rows = async (sql: string) => (await api.db.query(sql)).rows

test('a key is shown once, works at once, and the database holds neither it nor its hash', async () => {
  const created = await api.post('/v1/keys', { name: 'ci', scope: 'admin' })
  expect(created.status).toBe(201)
  const { key, ...shown } = created.body
  expect(shown).toEqual({
    id: expect.stringMatching(/^key_[0-9a-f]{24}$/),
    name: 'ci',
    scope: 'admin',
    tenant: null,
    created_at: expect.stringMatching(/Z$/),
    expires_at: null,
    last_used_at: null,
  })
  expect(key).toMatch(/^obk_[0-9a-f]{64}$/)
  expect(await status(key)).toBe(200)
  expect((await api.get('/v1/keys')).text).not.toContain(key)
  expect((await api.get('/v1/audit')).text).not.toContain(key)
  const [{ hash }] = await rows('select hash from outbox.api_keys')
  const once = createHash('sha256').update(key).digest()
  expect(hash).toHaveLength(32)
  expect(hash).not.toEqual(once)
})

test('a list has the newest first, a page at a time', async () => {
  const names = ['a', 'b', 'c']
  for (const name of names) await give({ name })
  const first = (await api.get('/v1/keys?limit=2')).body
  expect(first.data.map(({ name }: { name: string }) => name)).toEqual(['c', 'b'])
  const next = (await api.get(`/v1/keys?limit=2&cursor=${first.next_cursor}`)).body
  expect(next.data[0]).toMatchObject({ name: 'a', scope: 'read' })
})

test('a revoked key is refused with the next request, and so is every spelling of it', async () => {
  const { id, key } = await give({ name: 'leaked', scope: 'admin' })
  expect(await status(key)).toBe(200)
  expect((await api.call('DELETE', `/v1/keys/${id}`)).status).toBe(204)
  expect(await status(key)).toBe(401)
  expect((await api.call('DELETE', `/v1/keys/${id}`)).status).toBe(404)
  expect((await api.call('DELETE', '/v1/keys/nonsense')).status).toBe(404)
})

test('an expired key is refused', async () => {
  const { id, key } = await give({ name: 'short', expires_at: '2999-01-01T00:00:00Z' })
  expect(await status(key)).toBe(200)
  await api.db.query(`update outbox.api_keys set expires_at = clock_timestamp() where name = 'short'`)
  expect(await status(key)).toBe(401)
  // It is listed until somebody deletes it.
  const { data } = (await api.get('/v1/keys?limit=200')).body
  expect(data.map((listed: { id: string }) => listed.id)).toContain(id)
})

test.each([
  ['no name', {}, 'name'],
  ['a name with a colon', { name: 'a:b' }, 'name'],
  ['the name of a key in the setting', { name: 'look' }, 'name'],
  ['another scope', { name: 'x', scope: 'owner' }, 'scope'],
  ['a time that is over', { name: 'x', expires_at: '2001-01-01T00:00:00Z' }, 'expires_at'],
  ['an empty tenant', { name: 'x', tenant: '' }, 'tenant'],
  ['an unknown field', { name: 'x', key: 'mine' }, 'key'],
])('%s: 400', async (_, body, path) => {
  const { status, body: problem } = await api.post('/v1/keys', body)
  expect([status, problem.errors?.[0].path]).toEqual([400, path])
})

describe('scope and tenant hold as for keys of the setting', () => {
  test('a read key changes nothing, and sees no keys', async () => {
    const { key } = await give({ name: 'reader' })
    expect(await status(key, '/v1/endpoints')).toBe(200)
    expect((await api.post('/v1/events', { type: 'a.b', data: {} }, { key })).status).toBe(403)
    expect(await status(key, '/v1/keys')).toBe(403)
  })

  test('a tenant key sees only its tenant’s, and can give out, see and revoke no key at all', async () => {
    const { id, key } = await give({ name: 'customer', scope: 'admin', tenant: '7' })
    const url = 'https://example.com/seven'
    const mine = (await api.post('/v1/endpoints', { url }, { key })).body
    expect(mine.tenant).toBe('7')
    await api.post('/v1/endpoints', { url: 'https://example.com/all' })
    const { data } = (await api.get('/v1/endpoints', { key })).body
    expect(data.map((endpoint: { id: string }) => endpoint.id)).toEqual([mine.id])
    for (const caller of [key, 'k7']) {
      expect((await api.post('/v1/keys', { name: 'wider', tenant: null }, { key: caller })).status).toBe(403)
      expect((await api.post('/v1/keys', { name: 'same', tenant: '7' }, { key: caller })).status).toBe(403)
      expect(await status(caller, '/v1/keys')).toBe(403)
      expect((await api.call('DELETE', `/v1/keys/${id}`, { key: caller })).status).toBe(403)
    }
    expect(await status(key)).toBe(200)
  })

  test('a key that ends gives out none that ends later', async () => {
    const end = '2998-01-01T00:00:00.000Z'
    const { key } = await give({ name: 'contractor', scope: 'admin', expires_at: end })
    const ask = async (expires_at: string | null) =>
      (await api.post('/v1/keys', { name: 'child', expires_at }, { key })).status
    expect(await ask(null)).toBe(400)
    expect(await ask('2998-01-01T00:00:00.001Z')).toBe(400)
    expect(await ask(end)).toBe(201)
  })
})

test('who gave out and revoked which key is in the audit', async () => {
  const { id } = await give({ name: 'audited', tenant: '9' })
  await api.call('DELETE', `/v1/keys/${id}`)
  const { data } = (await api.get('/v1/audit?limit=2')).body
  expect(data).toMatchObject([
    { who: 'dev', action: 'key.revoked', changes: { id: { from: id, to: null }, name: { from: 'audited' } } },
    {
      who: 'dev',
      action: 'key.created',
      changes: { id: { to: id }, name: { to: 'audited' }, scope: { to: 'read' }, tenant: { to: '9' } },
    },
  ])
})

test('what a key does stands under its name in the audit', async () => {
  const { key } = await give({ name: 'robot', scope: 'admin' })
  await api.post('/v1/endpoints', { url: 'https://example.com/robot' }, { key })
  expect((await api.get('/v1/audit?limit=1')).body.data).toMatchObject([
    { who: 'robot', action: 'endpoint.created' },
  ])
})

test('its last use is written, and at most once a minute', async () => {
  const { key, id } = await give({ name: 'used' })
  const lastUse = async () => {
    const { data } = (await api.get('/v1/keys?limit=200')).body
    return data.find((listed: { id: string }) => listed.id === id).last_used_at
  }
  const version = async () => (await rows(`select xmin from outbox.api_keys where name = 'used'`))[0].xmin
  expect(await lastUse()).toBeNull()
  await status(key)
  const first = await lastUse()
  expect(Math.abs(Date.parse(first) - Date.now())).toBeLessThan(60_000)
  const before = await version()
  for (let n = 0; n < 5; n++) await status(key)
  expect(await version()).toBe(before)
  await api.db.query(
    `update outbox.api_keys set last_used_at = clock_timestamp() - interval '61 seconds' where name = 'used'`,
  )
  await status(key)
  expect(Date.parse(await lastUse())).toBeGreaterThanOrEqual(Date.parse(first))
})

test('many requests at once with a key that was never used are all answered', async () => {
  const { key } = await give({ name: 'busy' })
  const answers = await Promise.all(Array.from({ length: 20 }, () => status(key)))
  expect(new Set(answers)).toEqual(new Set([200]))
})

test('the answer is lost: a repeat with the same Idempotency-Key gets the same key, and there is one', async () => {
  const headers = { 'idempotency-key': 'give-1' }
  const [one, other] = [await give({ name: 'once' }, { headers }), await give({ name: 'once' }, { headers })]
  expect(other.key).toBe(one.key)
  expect(await rows(`select from outbox.api_keys where name = 'once'`)).toHaveLength(1)
  expect(await status(one.key)).toBe(200)
})

test('a request with a key that was given out may be repeated too', async () => {
  const { key } = await give({ name: 'repeater', scope: 'admin' })
  const send = () =>
    api.post('/v1/events', { type: 'key.test', data: {} }, { key, headers: { 'idempotency-key': 'e-1' } })
  const [one, other] = [await send(), await send()]
  expect([one.status, other.body.id]).toEqual([202, one.body.id])
})

test('guesses are refused like any wrong key, and only what looks like a key is looked up', async () => {
  const guess = `obk_${'0'.repeat(64)}`
  const answers = [
    await api.get('/v1/stats', { key: guess }),
    await api.get('/v1/stats', { key: guess.slice(0, -1) }),
    await api.get('/v1/stats', { key: `${guess}0` }),
    await api.get('/v1/stats', { key: 'wrong' }),
  ]
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
  expect(answers[0]!.status).toBe(401)
})

test('while the database is away, keys of the setting still open what needs none of it, and given ones are not called wrong', async () => {
  const { key } = await give({ name: 'away' })
  await eventually(async () => (await status(key)) === 200)
  await api.db.query('alter table outbox.api_keys rename to api_keys_away')
  expect(await status('dev')).toBe(200)
  expect(await status(key)).toBe(503)
  await api.db.query('alter table outbox.api_keys_away rename to api_keys')
  expect(await status(key)).toBe(200)
})
