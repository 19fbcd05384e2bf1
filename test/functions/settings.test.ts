// The outbox's settings in the Worker: what is read, and what is refused by name.
import { describe, expect, test } from 'vitest'
import { findApiKey } from '../../functions/access/api-keys.ts'
import { readSettings } from '../../functions/settings.ts'
import { testSettings } from '../support/settings.ts'

const good = { ...testSettings, DATABASE_URL: 'postgresql://me:secret@db.example.com/shop' }

test('good settings are read once and kept', async () => {
  const env = { ...good }
  const settings = await readSettings(env)
  expect(settings).toMatchObject({ neonProxy: null, delivery: { leaseSeconds: 60 } })
  expect(await readSettings(env)).toBe(settings)
  const changed = await readSettings({ ...good, OUTBOX_LEASE_SECONDS: '61' })
  expect(changed).toMatchObject({ delivery: { leaseSeconds: 61 } })
})

test('wrong settings are not kept: once mended they work at once', async () => {
  const env: Record<string, string> = { ...good, DATABASE_URL: '' }
  await expect(readSettings(env)).rejects.toThrow()
  env.DATABASE_URL = good.DATABASE_URL
  expect((await readSettings(env)).databaseUrl).toBe(good.DATABASE_URL)
})

test('an API key is found only by its full text, with its name and scope', async () => {
  const { apiKeys } = await readSettings({ ...good, OUTBOX_API_KEYS: 'ops:admin:abc, board:read:a.b~c+/=' })
  expect(await findApiKey(apiKeys, 'abc')).toMatchObject({ name: 'ops', scope: 'admin' })
  expect(await findApiKey(apiKeys, 'a.b~c+/=')).toMatchObject({ name: 'board', scope: 'read' })
  for (const wrong of ['', 'ab', 'abcd', 'ABC', 'ops:admin:abc'])
    expect(await findApiKey(apiKeys, wrong)).toBeNull()
  expect(JSON.stringify(apiKeys)).not.toContain('abc')
})

test("the shop's settings are not the outbox's: wrong ones do not matter to it", async () => {
  const settings = await readSettings({ ...good, OUTBOX_ORDERS_PUBLIC: 'perhaps', BILLING_SECRET: 'none' })
  expect(Object.keys(settings).sort()).toEqual([
    'accessProxy',
    'apiKeys',
    'databaseUrl',
    'delivery',
    'doorbell',
    'driver',
    'edge',
    'environment',
    'historyDays',
    'keyring',
    'maxSubrequests',
    'metricsEndpoints',
    'neonProxy',
  ])
})

test.each([
  ['neon', 'postgresql://me:secret@ep-a-pooler.eu-central-1.aws.neon.tech/shop', {}],
  ['neon', 'postgresql://me:secret@127.0.0.1/shop', { NEON_PROXY: 'http://127.0.0.1:4444' }],
  ['postgres', 'postgresql://me:secret@db.example.com/shop', {}],
  ['postgres', 'postgresql://me:secret@ep-a.neon.tech.example.com/shop', {}],
  ['postgres', 'postgresql://me:secret@10.0.0.1/shop', { HYPERDRIVE: { connectionString: 'not asked' } }],
])('the driver is %s for %s', async (driver, DATABASE_URL, more) => {
  const settings = await readSettings({ ...good, DATABASE_URL, ...(more as object) })
  expect(settings).toMatchObject({ driver, databaseUrl: DATABASE_URL })
})

test('without a DATABASE_URL, the Hyperdrive binding says where the database is', async () => {
  const connectionString = 'postgresql://me:secret@a.hyperdrive.local/shop'
  const env = { ...good, DATABASE_URL: '', HYPERDRIVE: { connectionString } as never }
  expect(await readSettings(env)).toMatchObject({ driver: 'hyperdrive', databaseUrl: connectionString })
})

describe('a wrong setting is refused by name, without its value', () => {
  test.each([
    ['DATABASE_URL', 'CANARY'],
    ['DATABASE_URL', 'postgresql://CANARY/shop'],
    ['DATABASE_URL', 'postgresql://me:CANARY@host'],
    ['DATABASE_URL', 'mysql://me:CANARY@host/shop'],
    ['DATABASE_URL', ''],
    ['OUTBOX_API_KEYS', 'CANARY'],
    ['OUTBOX_API_KEYS', 'dev:root:CANARY'],
    ['OUTBOX_API_KEYS', 'dev:admin:CANARY,'],
    ['OUTBOX_API_KEYS', 'dev:admin:CANARY with spaces'],
    ['OUTBOX_API_KEYS', ''],
    ['OUTBOX_MASTER_KEYS', 'a:CANARY'],
    ['OUTBOX_LEASE_SECONDS', '19.9'],
  ])('%s: %j', async (name, value) => {
    const refusal = await readSettings({ ...good, [name]: value }).catch((error: Error) => error)
    expect(refusal).toMatchObject({ name: 'SettingsError', message: expect.stringContaining(name) })
    expect((refusal as Error).message).not.toContain('CANARY')
  })
})
