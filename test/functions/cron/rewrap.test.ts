// The master key is changed while everything runs: the cron function rewraps what an older key has sealed, no webhook fails
// or goes out unsigned meanwhile, and the API says when the old key may be removed.
import { randomBytes } from 'node:crypto'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { secretContext } from '../../../delivery/endpoint.ts'
import { openKeyring } from '../../../delivery/secrets.ts'
import { eventually } from '../../support/eventually.ts'
import { loginAs } from '../../support/login.ts'
import { deliveryStates, emit, startTestListener } from '../../support/outbox.ts'
import { type Receiver, startReceiver } from '../../support/receiver.ts'
import { faultsOf } from '../../support/verifier.ts'
import { startWorker, type TestWorker } from '../../support/worker.ts'
import { type Api, startApi } from '../api.ts'

const masterKey = (id: string) => `${id}:${randomBytes(32).toString('base64')}`
const old = masterKey('old')
const current = masterKey('current')
const keys = `${current},${old},${masterKey('lost')}`

/** Two deployments on one database: `api` with the old key; `later` with the new one too, as the functions' own role. */
let api: Api
let later: TestWorker
let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
  api = await startApi({ OUTBOX_MASTER_KEYS: old })
  const DATABASE_URL = await loginAs('outbox_functions', api.database.url)
  later = await startWorker({ ...api.database.env, DATABASE_URL, OUTBOX_MASTER_KEYS: keys })
})
beforeEach(async () => {
  receiver.requests.length = 0
  await api.db.query(
    'truncate outbox.endpoints, outbox.endpoint_health, outbox.events, outbox.delivery_rows, outbox.delivery_groups, outbox.delivered_at_once, outbox.attempt_rows restart identity cascade',
  )
})

const create = async (more = {}) =>
  (await api.post('/v1/endpoints', { url: `${receiver.url}/hook`, ...more })).body
const rotate = async (id: string, wanted = {}) => (await api.post(`/v1/endpoints/${id}/rotate`, wanted)).body
const health = async () =>
  (await later.fetch('/v1/health/secrets', { headers: { authorization: 'Bearer look' } })).json()

/** The ids of the master keys that everything is sealed under. */
async function sealedUnder(): Promise<string[]> {
  const { rows } = await api.db.query(
    `select sealed from outbox.endpoint_secrets
     union all select sealed_headers from outbox.endpoints where sealed_headers is not null`,
  )
  return rows.map(({ sealed }) => sealed.subarray(2, 2 + sealed[1]).toString())
}

test('under load every key and header is rewrapped, and every request verifies', async () => {
  const hmac = await create({ url: `${receiver.url}/hmac`, headers: { 'x-token': 'CANARY' } })
  const overlap = await create({ url: `${receiver.url}/overlap` })
  const ed25519 = await create({ url: `${receiver.url}/ed25519`, signing: 'ed25519' })
  const held: Record<string, string[]> = {
    '/hmac': [hmac.secret],
    '/overlap': [overlap.secret, (await rotate(overlap.id)).secret],
    '/ed25519': [ed25519.public_key],
  }
  expect(new Set(await sealedUnder())).toEqual(new Set(['old']))
  expect(await health()).toMatchObject({
    healthy: true,
    keys: [
      { id: 'current', seals: true, secrets: 0, removable: false },
      { id: 'old', configured: true, seals: false, secrets: 4, headers: 1, removable: false },
      { id: 'lost', removable: true },
    ],
  })

  const listener = await startTestListener(api.database.url, { OUTBOX_MASTER_KEYS: keys })
  let isSealed = false
  const writing = (async () => {
    while (!isSealed) await emit(api.db, 2)
    await emit(api.db, 10)
  })()
  await receiver.waitFor(20)
  expect(await later.scheduled()).toBe('ok')
  isSealed = true
  await writing
  expect(new Set(await sealedUnder())).toEqual(new Set(['current']))
  expect(await health()).toMatchObject({
    healthy: true,
    keys: [
      { id: 'current', secrets: 4, headers: 1 },
      { id: 'old', secrets: 0, headers: 0, removable: true },
      { id: 'lost' },
    ],
  })

  // The old key is removed, and a listener with the new one alone goes on.
  await listener.stop()
  const next = await startTestListener(api.database.url, { OUTBOX_MASTER_KEYS: current })
  await emit(api.db, 5)
  const { rows } = await api.db.query('select count(*)::int as n from outbox.events')
  await eventually(async () => expect(await deliveryStates(api.db)).toEqual({ delivered: 3 * rows[0].n }))
  await next.stop()
  const failed = await api.db.query(
    'select error, sender, count(*)::int as n, max(duration_ms) as max_ms from outbox.attempts where error is not null group by 1, 2',
  )
  expect(failed.rows).toEqual([])
  for (const request of receiver.requests) {
    for (const secret of held[request.path]!) expect(faultsOf(request, secret)).toEqual([])
    expect(request.headers['x-token']).toBe(request.path === '/hmac' ? 'CANARY' : undefined)
  }
})

test('a value that no key opens stays and fails visibly, while all others are rewrapped', async () => {
  const [tampered] = [await create(), await create(), await create()]
  const sealed = async (n: number) =>
    (await api.db.query('select sealed from outbox.endpoint_secrets where id = $1', [n])).rows[0].sealed
  const broken = await sealed(1)
  broken[30] ^= 1
  const foreign = await (await openKeyring(masterKey('gone'))).seal(randomBytes(24), secretContext('2', '2'))
  await api.db.query('update outbox.endpoint_secrets set sealed = $1 where id = 1', [broken])
  await api.db.query('update outbox.endpoint_secrets set sealed = $1 where id = 2', [Buffer.from(foreign)])

  expect(await later.scheduled()).toBe('ok')
  expect([await sealed(1), await sealed(2)]).toEqual([broken, Buffer.from(foreign)])
  expect(later.logs().join()).toMatch(/"rewrapped":1,"unopened":1/)
  expect(await health()).toMatchObject({
    healthy: false,
    keys: [
      { id: 'current', secrets: 1 },
      { id: 'old', secrets: 1, removable: false },
      { id: 'lost', removable: true },
      { id: 'gone', configured: false, secrets: 1, removable: false },
    ],
  })

  await emit(api.db)
  expect(await later.scheduled()).toBe('ok')
  const { rows } = await api.db.query('select endpoint_id::int, error from outbox.attempts order by 1')
  expect(rows).toEqual([
    { endpoint_id: 1, error: 'secret_unavailable' },
    { endpoint_id: 2, error: 'secret_unavailable' },
    { endpoint_id: 3, error: null },
  ])
  const [delivery] = (await api.get(`/v1/deliveries?endpoint_id=${tampered!.id}`)).body.data
  expect(delivery.reason).toBe('secret_unavailable')
})

test('any number of values that no key opens do not block the others', async () => {
  await api.db.query(
    `with made as (insert into outbox.endpoints (url) select 'https://a.example/' from generate_series(1, 300) returning id)
     insert into outbox.endpoint_secrets (endpoint_id, signing, sealed)
     select id, 'hmac', '\\x0103' || 'old'::bytea || decode(repeat('00', 60), 'hex') from made`,
  )
  await create()
  await eventually(
    async () => {
      await later.scheduled()
      return (await sealedUnder()).includes('current')
    },
    { timeoutMs: 20_000 },
  )
  expect((await sealedUnder()).filter(id => id === 'old')).toHaveLength(300)
})

test('one run rewraps more than one batch', async () => {
  const keyring = await openKeyring(old)
  await api.db.query(
    `insert into outbox.endpoints (url) select 'https://a.example/' from generate_series(1, 250)`,
  )
  for (let n = 1; n <= 250; n++) {
    const sealed = Buffer.from(await keyring.seal(randomBytes(24), secretContext(String(n), String(n))))
    await api.db.query(
      `insert into outbox.endpoint_secrets (endpoint_id, signing, sealed) values ($1, 'hmac', $2)`,
      [n, sealed],
    )
  }
  expect(await later.scheduled()).toBe('ok')
  expect(new Set(await sealedUnder())).toEqual(new Set(['current']))
})

test('deleted endpoints and expired keys do not count', async () => {
  const deleted = await create({ headers: { 'x-a': 'b' } })
  await api.call('DELETE', `/v1/endpoints/${deleted.id}`)
  await rotate((await create()).id, { overlap_seconds: 0 })
  expect(await health()).toMatchObject({ keys: [{}, { id: 'old', secrets: 1, headers: 0 }, {}] })
})

test('a repeat whose secret was sealed under a removed key is answered 409 and makes nothing', async () => {
  const request = {
    method: 'POST',
    body: JSON.stringify({ url: 'https://a.example/' }),
    headers: { authorization: 'Bearer dev', 'content-type': 'application/json', 'idempotency-key': 'k' },
  }
  expect((await api.worker.fetch('/v1/endpoints', request)).status).toBe(201)
  expect((await later.fetch('/v1/endpoints', request)).status).toBe(201)
  const without = await startWorker({ ...api.database.env, OUTBOX_MASTER_KEYS: current })
  expect((await without.fetch('/v1/endpoints', request)).status).toBe(409)
  expect(await sealedUnder()).toHaveLength(1)
})

test('with one master key nothing is rewrapped', async () => {
  await create()
  expect(await api.worker.scheduled()).toBe('ok')
  expect(await sealedUnder()).toEqual(['old'])
  expect(api.worker.logs().join()).toMatch(/"rewrapped":0,"unopened":0/)
})
