// Failures on our side: clients and operators see enough to mend them, and no secret.
import { beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../../dev/ports.ts'
import { startWorker } from '../../support/worker.ts'
import { type Api, startApi } from '../api.ts'

const base = { DATABASE_URL: 'postgresql://me:CANARY@127.0.0.1:1/shop' }
const authorization = 'Bearer dev'

test('a wrong setting is answered 503 and logged, with its name and without its value', async () => {
  const worker = await startWorker({ ...base, OUTBOX_MASTER_KEYS: 'a:CANARY' })
  for (const path of ['/v1/events', '/healthz', '/nothing']) {
    const answer = await worker.fetch(path)
    const text = await answer.text()
    expect(answer.status).toBe(503)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(text).toContain('OUTBOX_MASTER_KEYS is not valid')
    expect(text + worker.logs()).not.toContain('CANARY')
  }
  expect(worker.logs().join()).toContain('OUTBOX_MASTER_KEYS is not valid')
})

test('a receiver without a secret answers 503, and the rest works', async () => {
  const api = await startApi({ BILLING_SECRET: '' })
  expect((await api.post('/receivers/billing', {})).status).toBe(503)
  expect((await api.get('/healthz')).status).toBe(200)
})

test('an unreachable database is answered 503 at once, with Retry-After', async () => {
  const NEON_PROXY = `http://127.0.0.1:${await freePort()}`
  const worker = await startWorker({ ...base, NEON_PROXY })
  for (const path of ['/healthz', '/orders', '/v1/events']) {
    const answer = await worker.fetch(path, { headers: { authorization } })
    expect(answer.status, path).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('5')
    expect(await answer.json()).toEqual({
      type: 'urn:outbox:problem:unavailable',
      title: 'Service Unavailable',
      status: 503,
      detail: 'The database can not be reached just now.',
    })
  }
  expect(worker.logs().join()).not.toContain('CANARY')
})

describe('when the database refuses', () => {
  let api: Api
  beforeAll(async () => {
    api = await startApi()
  })

  test('a statement, the answer is 500 without a reason, and the log names the statement', async () => {
    await api.db.query('alter table public.clients rename to customers')
    const answer = await api.get('/clients')
    expect(answer.status).toBe(500)
    expect(answer.body.detail).toBe('Something went wrong on our side; it has been logged.')
    expect(api.worker.logs().join()).toContain('"statement":"list_clients","sqlstate":"42P01"')
    await api.db.query('alter table public.customers rename to clients')
    expect((await api.get('/clients')).status).toBe(200)
  })

  test('to write because it is read-only, the answer is 503', async () => {
    await api.db.query(`insert into clients (id, name, email) values (1, 'Ada', 'ada@example.com')`)
    await api.db.query(`create function refuse() returns trigger language plpgsql as
      $$ begin raise exception using errcode = 'read_only_sql_transaction', message = 'CANARY'; end $$`)
    await api.db.query('create trigger refuse before insert on orders for each row execute function refuse()')
    const answer = await api.post('/orders', { client_id: 1 })
    expect(answer.status).toBe(503)
    expect(answer.text + api.worker.logs()).not.toContain('CANARY')
  })
})
