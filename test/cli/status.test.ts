// `outbox status`, `outbox doctor` and `outbox endpoints create`, against a real database.
import { expect, test } from 'vitest'
import { verify } from '../../delivery/verify.ts'
import { freshDatabase } from '../support/database.ts'
import { emit, startTestListener } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'
import { testSettings } from '../support/settings.ts'
import { outbox } from './command.ts'

const settings = (url: string) => ({ env: { ...testSettings, DATABASE_URL_UNPOOLED: url } })

test('an endpoint made by the command gets webhooks that its secret verifies', async () => {
  const db = await freshDatabase()
  const client = await db.connect()
  const receiver = await startReceiver()
  const made = outbox(
    ['endpoints', 'create', '--json', '--url', receiver.url, '--types', 'test.*'],
    settings(db.url),
  )
  expect(made.exitCode, made.stderr).toBe(0)
  const { id, secret } = JSON.parse(made.stdout)
  expect(id).toMatch(/^ep_/)
  await startTestListener(db.url)
  await emit(client)
  const [webhook] = await receiver.waitFor(1)
  const headers = new Headers(webhook!.headers as Record<string, string>)
  expect(await verify(headers, webhook!.body, [secret], Date.now() / 1000)).toMatchObject({ ok: true })
  const { rows } = await client.query('select who, action from outbox.audit')
  expect(rows).toEqual([{ who: 'outbox-cli', action: 'endpoint.created' }])
})

test('an endpoint whose address is refused is not made', async () => {
  const db = await freshDatabase()
  const { exitCode, stdout, stderr } = outbox(
    ['endpoints', 'create', '--url', 'http://10.1.2.3/hook'],
    settings(db.url),
  )
  expect([exitCode, stdout]).toEqual([2, ''])
  expect(stderr).toContain('--url has a host that is not public')
})

test('status counts what waits and says that nobody listens', async () => {
  const db = await freshDatabase()
  const client = await db.connect()
  outbox(['endpoints', 'create', '--url', 'https://example.com/hook'], settings(db.url))
  const { stdout } = outbox(['status'], settings(db.url))
  expect(stdout).toContain('listeners   none: start one with outbox listener')
  expect(stdout).toContain('watched     orders')
  await client.query(`update outbox.endpoints set state = 'paused'`)
  expect(outbox(['status'], settings(db.url)).stdout).toMatch(/^ep_\w+\tpaused\t0 pending\t0 dead$/m)
  expect(JSON.parse(outbox(['status', '--json'], settings(db.url)).stdout)).toMatchObject({
    listeners: 0,
    deliveries: { pending: 0, sending: 0, dead: 0 },
    endpoints: [{ state: 'paused' }],
  })
})

test('status asks for a migration where the schema is missing', async () => {
  const db = await freshDatabase({ empty: true })
  const { exitCode, stdout, stderr } = outbox(['status'], settings(db.url))
  expect([exitCode, stdout]).toEqual([5, ''])
  expect(stderr).toBe('The schema outbox is not in this database: run `outbox migrate`.\n')
})

const checksOf = (stdout: string): Record<string, { result: string; message: string }> =>
  Object.fromEntries(JSON.parse(stdout).checks.map((found: { check: string }) => [found.check, found]))

test('doctor is content with a database that works, and warns that nobody listens', async () => {
  const db = await freshDatabase()
  const { exitCode, stdout } = outbox(['doctor', '--json'], settings(db.url))
  const checks = checksOf(stdout)
  expect(Object.values(checks).filter(({ result }) => result === 'fail')).toEqual([])
  expect(exitCode).toBe(0)
  expect(checks.listeners).toMatchObject({
    result: 'warn',
    message: expect.stringContaining('outbox listener'),
  })
  expect(checks.notifications).toMatchObject({ result: 'ok' })
  expect(Object.keys(checks).length).toBeGreaterThan(15)
})

test.each<[string, string, string]>([
  ['schema', 'drop function outbox.schema_version()', 'run `outbox migrate`'],
  ['broken triggers', 'alter table orders disable trigger "00_outbox_update"', 'orders'],
  [
    'master keys',
    `with p as (insert into outbox.endpoints (url) values ('https://example.com') returning id)
     insert into outbox.endpoint_secrets (endpoint_id, signing, sealed) select id, 'hmac', '\\x01026b39' from p`,
    'which OUTBOX_MASTER_KEYS lacks',
  ],
])('doctor finds a fault of %s, says what to do, and exits with 7', async (check, fault, advice) => {
  const db = await freshDatabase()
  await (await db.connect()).query(fault)
  const { exitCode, stdout } = outbox(['doctor', '--json'], settings(db.url))
  expect(checksOf(stdout)[check]).toMatchObject({ result: 'fail', message: expect.stringContaining(advice) })
  expect(exitCode).toBe(7)
})

test('doctor names a wrong setting and a database that does not answer, and checks the rest', () => {
  const { exitCode, stdout } = outbox(['doctor', '--json'], {
    env: { DATABASE_URL_UNPOOLED: 'postgresql://u@127.0.0.1:1/d', OUTBOX_LEASE_SECONDS: 'x' },
  })
  const checks = checksOf(stdout)
  expect(checks.settings).toMatchObject({ result: 'fail' })
  expect(checks.database).toMatchObject({
    result: 'fail',
    message: expect.stringContaining('nothing accepts connections'),
  })
  expect(exitCode).toBe(7)
})
