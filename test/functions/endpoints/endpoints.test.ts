// Endpoints: what is accepted, what is shown, what is kept sealed.
import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { headersContext, secretContext } from '../../../delivery/endpoint.ts'
import { formatSecret } from '../../../delivery/keys.ts'
import { openKeyring } from '../../../delivery/secrets.ts'
import { testSettings } from '../../support/settings.ts'
import { type Api, startApi } from '../api.ts'

let api: Api
beforeAll(async () => {
  api = await startApi()
})

const url = 'https://example.com/hooks'

test('creating an endpoint answers 201 with the given settings and every default', async () => {
  const answer = await api.post('/v1/endpoints', { url })
  expect(answer.status).toBe(201)
  expect(answer.body).toEqual({
    id: expect.stringMatching(/^ep_[0-9a-f]{24}$/),
    name: null,
    kind: 'push',
    url,
    description: null,
    event_types: null,
    tenant: null,
    signing: 'hmac',
    ordering: 'none',
    format: 'standard',
    sequence: false,
    max_in_flight: 32,
    rate_per_second: null,
    timeout_seconds: null,
    retry_schedule: null,
    expires_after_idle_seconds: null,
    state: 'active',
    disabled_reason: null,
    created_at: expect.any(String),
    updated_at: expect.any(String),
    keys: [{ signing: 'hmac', created_at: expect.any(String), expires_at: null }],
    secret: expect.stringMatching(/^whsec_/),
  })
})

test('an endpoint is shown as it was given, except for the secret and the headers', async () => {
  const given = {
    url: 'http://127.0.0.1:9999/hooks?token=x',
    description: 'the café',
    event_types: ['order.*', 'invoice.paid', '*'],
    tenant: '7',
    ordering: 'key',
    max_in_flight: 5,
    rate_per_second: 2.5,
    timeout_seconds: 10,
    retry_schedule: [0, 0.5, 3600],
  }
  const { body: created } = await api.post('/v1/endpoints', { ...given, headers: { 'x-team': 'CANARY' } })
  expect(created).toMatchObject(given)
  const { secret, ...shown } = created
  expect((await api.get(`/v1/endpoints/${created.id}`)).body).toEqual(shown)
  const list = await api.get('/v1/endpoints')
  const { keys: _, ...listed } = shown
  expect(list.body.data[0]).toEqual({ ...listed, url: 'http://127.0.0.1:9999/hooks?***' })
  expect(list.text).not.toContain(secret.slice('whsec_'.length))
  expect(list.text).not.toContain('CANARY')
})

describe('in the database', () => {
  const keyring = () => openKeyring(testSettings.OUTBOX_MASTER_KEYS)

  test('secret and headers are sealed, and open only for their own row', async () => {
    const headers = { authorization: 'Bearer CANARY' }
    const { body } = await api.post('/v1/endpoints', { url, headers })
    const row = await sealedRow(body.id)
    const { seal, open } = await keyring()
    expect(seal).toBeDefined()
    const bytes = await open(row.sealed, secretContext(row.secret_id, row.id))
    expect(formatSecret({ signing: 'hmac', bytes })).toBe(body.secret)
    const opened = await open(row.sealed_headers, headersContext(row.id))
    expect(JSON.parse(new TextDecoder().decode(opened))).toEqual(headers)
    await expect(open(row.sealed, secretContext(row.secret_id, '1234'))).rejects.toThrow('tampered')
  })

  test('neither secret nor headers can be read', async () => {
    const { body } = await api.post('/v1/endpoints', { url, headers: { authorization: 'CANARY' } })
    const raw = Buffer.from(body.secret.slice('whsec_'.length), 'base64')
    const { rows } = await api.db.query(
      `select p::text, s::text from outbox.endpoints p join outbox.endpoint_secrets s on s.endpoint_id = p.id`,
    )
    const dump = JSON.stringify(rows)
    for (const form of [
      'CANARY',
      Buffer.from('CANARY').toString('hex'),
      raw.toString('hex'),
      raw.toString('base64'),
    ]) {
      expect(dump).not.toContain(form)
    }
  })

  test('an endpoint, its secret and its audit entry exist together or not at all', async () => {
    const counts = async () =>
      (
        await api.db.query(`select (select count(*) from outbox.endpoints) as endpoints, (select count(*) from outbox.audit) as audit,
                          (select count(*) from outbox.endpoint_secrets) as secrets, (select count(*) from outbox.endpoint_health) as lanes`)
      ).rows[0]
    const before = await counts()
    for (const table of ['endpoint_secrets', 'audit', 'endpoint_health']) {
      await api.db.query(`alter table outbox.${table} add constraint none check (false) not valid`)
      expect((await api.post('/v1/endpoints', { url })).status, table).toBe(500)
      await api.db.query(`alter table outbox.${table} drop constraint none`)
      expect(await counts(), table).toEqual(before)
    }
  })

  test('an endpoint can be created with an existing secret', async () => {
    const secret = `whsec_${randomBytes(32).toString('base64')}`
    const { body } = await api.post('/v1/endpoints', { url, secret })
    expect(body.secret).toBe(secret)
    const row = await sealedRow(body.id)
    const bytes = await (await keyring()).open(row.sealed, secretContext(row.secret_id, row.id))
    expect(formatSecret({ signing: 'hmac', bytes })).toBe(secret)
  })

  async function sealedRow(publicId: string) {
    const { rows } = await api.db.query(
      `select p.id, s.id as secret_id, s.sealed, p.sealed_headers
       from outbox.endpoints p join outbox.endpoint_secrets s on s.endpoint_id = p.id
       where outbox.endpoint_id(p.id, p.nonce) = $1`,
      [publicId],
    )
    expect(rows).toHaveLength(1)
    return rows[0]
  }
})

test('no two endpoints share a secret', async () => {
  const secrets = await Promise.all(
    [1, 2, 3].map(async () => (await api.post('/v1/endpoints', { url })).body.secret),
  )
  expect(new Set(secrets).size).toBe(3)
})

describe('refuses', () => {
  const many = Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`x-${i}`, 'y']))

  test.each([
    ['no URL', { url: undefined }, 'url'],
    ['a relative URL', { url: '/hooks' }, 'url'],
    ['a URL with white space before it', { url: ' https://example.com' }, 'url'],
    ['a scheme in capitals', { url: 'HTTPS://example.com' }, 'url'],
    ['another scheme', { url: 'ftp://example.com' }, 'url'],
    ['a user and password', { url: 'https://user:pass@example.com' }, 'url'],
    ['a private address', { url: 'https://10.0.0.1/' }, 'url'],
    ['the metadata service', { url: 'http://169.254.169.254/latest' }, 'url'],
    ['a URL with a NUL', { url: 'https://example.com/\0' }, 'url'],
    ['an empty list of types', { event_types: [] }, 'event_types'],
    ['a type with a wildcard inside', { event_types: ['a.*.b'] }, 'event_types.0'],
    ['a type with two dots', { event_types: ['a..b'] }, 'event_types.0'],
    ['a tenant that is a number', { tenant: 7 }, 'tenant'],
    ['half a surrogate', '{"url":"https://example.com","description":"\\ud800"}', 'description'],
    ['no request in flight', { max_in_flight: 0 }, 'max_in_flight'],
    ['half a request in flight', { max_in_flight: 1.5 }, 'max_in_flight'],
    ['a rate of nothing', { rate_per_second: 0 }, 'rate_per_second'],
    ['a timeout longer than the lease allows', { timeout_seconds: 55.1 }, 'timeout_seconds'],
    ['a wait below zero', { retry_schedule: [5, -1] }, 'retry_schedule.1'],
    ['an infinite wait', '{"url":"https://example.com","retry_schedule":[1e400]}', 'retry_schedule.0'],
    ['too many waits', { retry_schedule: Array(51).fill(1) }, 'retry_schedule'],
    ['another order', { ordering: 'tenant' }, 'ordering'],
    ['another signature', { signing: 'rsa' }, 'signing'],
    ['an ed25519 secret for hmac', { secret: `whsk_${'A'.repeat(43)}=` }, 'secret'],
    ['an hmac secret for ed25519', { signing: 'ed25519', secret: `whsec_${'A'.repeat(32)}` }, 'secret'],
    ['a state', { state: 'disabled' }, 'state'],
    ['an id', { id: 'ep_1' }, 'id'],
    ['a header of the webhook', { headers: { 'Webhook-Id': 'evt_1' } }, 'headers.Webhook-Id'],
    ['a header of HTTP', { headers: { 'Transfer-Encoding': 'chunked' } }, 'headers.Transfer-Encoding'],
    ['a header that ends early', { headers: { 'x-a': 'b\r\nhost: c' } }, 'headers.x-a'],
    ['too many headers', { headers: many }, 'headers'],
    ['a secret that is too short', { secret: 'whsec_AAAA' }, 'secret'],
    ['a secret that is none', { secret: 'CANARY' }, 'secret'],
  ])('%s', async (_, wanted, path) => {
    const answer = await api.post('/v1/endpoints', typeof wanted === 'string' ? wanted : { url, ...wanted })
    expect(answer.status).toBe(400)
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toEqual([path])
    expect(answer.text).not.toContain('CANARY')
  })

  test("no timeout up to the lease's margin: 55 seconds are accepted", async () => {
    expect((await api.post('/v1/endpoints', { url, timeout_seconds: 55 })).status).toBe(201)
  })
})

test('an endpoint id is unknown unless all of it is right', async () => {
  const { id } = (await api.post('/v1/endpoints', { url })).body
  const otherNonce = id.slice(0, -1) + (id.endsWith('0') ? '1' : '0')
  for (const unknown of [otherNonce, 'ep_1', 'evt_' + id.slice(3), id.toUpperCase(), `${id}0`, '1', '%27']) {
    expect((await api.get(`/v1/endpoints/${unknown}`)).status, unknown).toBe(404)
  }
  expect((await api.get(`/v1/endpoints/${id}`)).status).toBe(200)
})

test('deleted endpoints are not shown', async () => {
  const { id } = (await api.post('/v1/endpoints', { url })).body
  await api.db.query(
    `update outbox.endpoints set state = 'disabled', disabled_reason = 'manual', deleted_at = now()
     where outbox.endpoint_id(id, nonce) = $1`,
    [id],
  )
  expect((await api.get(`/v1/endpoints/${id}`)).status).toBe(404)
  expect((await api.get('/v1/endpoints')).text).not.toContain(id)
})
