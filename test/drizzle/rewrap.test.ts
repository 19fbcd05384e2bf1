// Rewrapping races with people who change endpoints: their changes are never lost, and neither side waits.
import type pg from 'pg'
import { beforeEach, expect, test } from 'vitest'
import { headersContext, secretContext } from '../../delivery/endpoint.ts'
import { openKeyring } from '../../delivery/secrets.ts'
import type { EndpointId } from '../../delivery/types.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { addEndpoint, addSecret, storeOn } from '../support/outbox.ts'
import { testSettings } from '../support/settings.ts'

let database: TestDatabase
let db: pg.Client
let id: EndpointId
beforeEach(async () => {
  database = await freshDatabase()
  db = await database.connect()
  id = (await addEndpoint(db, { url: 'https://a.example', sealed_headers: await headersOf('first') })).id
})

async function headersOf(value: string) {
  const keyring = await openKeyring(testSettings.OUTBOX_MASTER_KEYS)
  return Buffer.from(await keyring.seal(Buffer.from(value), headersContext('1')))
}

const values = async () =>
  (
    await db.query(
      `select 'key ' || id as name, encode(sealed, 'hex') as sealed from outbox.endpoint_secrets
       union all select 'headers ' || id, encode(sealed_headers, 'hex') from outbox.endpoints order by 1`,
    )
  ).rows
const find = () => storeOn(db).findOldSeals(['test'], 10)
const put = (found: Awaited<ReturnType<typeof find>>) =>
  storeOn(db).rewrap(found.map(value => ({ ...value, rewrapped: value.secretId === null ? 'cafe' : 'beef' })))

test('sealed values that were read are replaced, and the endpoint gets a new version for its senders', async () => {
  const version = async () => (await db.query('select version from outbox.endpoints')).rows[0].version
  const before = await version()
  const found = await find()
  expect(found.map(value => value.secretId).sort()).toEqual(['1', null])
  expect(await put(found)).toBe(2)
  expect(await values()).toEqual([
    { name: 'headers 1', sealed: 'cafe' },
    { name: 'key 1', sealed: 'beef' },
  ])
  expect(await version()).toBeGreaterThan(before)
  expect(await find()).toEqual([])
})

test('headers that change in the meantime stay as they are', async () => {
  const found = await find()
  const newer = await headersOf('second')
  await db.query('update outbox.endpoints set sealed_headers = $1', [newer])
  expect(await put(found)).toBe(1)
  expect((await values())[0].sealed).toBe(newer.toString('hex'))
})

test('a value that another run has rewrapped in the meantime stays as that run left it', async () => {
  const found = await find()
  await db.query(`update outbox.endpoint_secrets set sealed = 'other'`)
  expect(await put(found)).toBe(1)
  expect((await db.query('select sealed::text from outbox.endpoint_secrets')).rows[0].sealed).toBe(
    '\\x6f74686572',
  )
})

test('a key from a rotation in the meantime, and the end of the old key, stay as they are', async () => {
  const found = await find()
  await db.query(`update outbox.endpoint_secrets set expires_at = '2099-01-01'`)
  await addSecret(db, id)
  const newer = (await values())[2]
  expect(await put(found)).toBe(2)
  expect((await values())[2]).toEqual(newer)
  const { rows } = await db.query('select count(expires_at)::int as n from outbox.endpoint_secrets')
  expect(rows).toEqual([{ n: 1 }])
})

test('an endpoint that another transaction is changing is skipped without waiting', async () => {
  const found = await find()
  const other = await database.connect()
  await other.query('begin; select from outbox.endpoints for update')
  await db.query(`set lock_timeout = '2s'`)
  expect(await put(found)).toBe(0)
  await other.query('rollback')
  expect(await put(found)).toBe(2)
})

test('only values in use under the named keys are found', async () => {
  expect(await storeOn(db).findOldSeals(['tes', 'test2', 'x'], 10)).toEqual([])
  expect(await storeOn(db).findOldSeals(['x', 'test'], 1)).toHaveLength(1)
  await db.query(`update outbox.endpoint_secrets set expires_at = now()`)
  await db.query(`insert into outbox.endpoint_secrets (endpoint_id, signing, sealed) values (1, 'hmac', '')`)
  expect(await find()).toMatchObject([{ secretId: null }])
  await db.query(
    `update outbox.endpoints set state = 'disabled', disabled_reason = 'manual', deleted_at = now()`,
  )
  expect(await find()).toEqual([])
})

test('a value that was moved to another row does not open there', async () => {
  const keyring = await openKeyring(testSettings.OUTBOX_MASTER_KEYS)
  const { rows } = await db.query('select sealed from outbox.endpoint_secrets')
  await expect(keyring.open(rows[0].sealed, secretContext('2', id))).rejects.toMatchObject({
    reason: 'tampered',
  })
})
