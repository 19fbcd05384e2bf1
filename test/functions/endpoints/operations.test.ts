// Operations on endpoints, without HTTP.
import { beforeAll, beforeEach, expect, test } from 'vitest'
import {
  changeEndpoint,
  createEndpoint,
  deleteEndpoint,
  pauseEndpoint,
  resumeEndpoint,
  sendTest,
} from '../../../functions/endpoints/operations.ts'
import { findEndpoint } from '../../../functions/endpoints/read.ts'
import { rotateKey } from '../../../functions/endpoints/rotation.ts'
import { NewEndpoint, Rotation } from '../../../functions/endpoints/schema.ts'
import { operator, startOperations, tenant } from '../operations.ts'

let ports: Awaited<ReturnType<typeof startOperations>>
let id: string
beforeAll(async () => {
  ports = await startOperations()
})

const create = (given: object, caller = operator) =>
  createEndpoint(
    ports.db,
    ports.settings,
    caller,
    NewEndpoint.parse({ url: 'https://example.com/hooks', ...given }),
  )

beforeEach(async () => {
  const created = await create({})
  id = (created as { id: string }).id
})

test('an endpoint is created with its key, and the audit names the caller', async () => {
  const created = await create({ rate_per_second: 2.5, headers: { authorization: 'Bearer x' } })
  expect(created).toEqual({
    id: expect.stringMatching(/^ep_/),
    key: { signing: 'hmac', bytes: expect.any(Uint8Array) },
  })
  const found = await findEndpoint(ports.db, (created as { id: string }).id, operator)
  expect(found).toMatchObject({ rate_per_second: 2.5, keys: [{ signing: 'hmac' }] })
  const { rows } = await ports.client.query(
    'select who, request_id, action from outbox.audit order by id desc limit 1',
  )
  expect(rows).toEqual([{ who: 'console', request_id: 'r1', action: 'endpoint.created' }])
})

test('wrong input and another tenant are values, not exceptions', async () => {
  expect(await create({ url: 'https://user:password@example.com/' })).toEqual({
    wrongInput: [{ path: 'url', message: expect.any(String) }],
  })
  expect(await create({ secret: 'whsec_short' })).toEqual({
    wrongInput: [{ path: 'secret', message: expect.any(String) }],
  })
  expect(await create({ tenant: '8' }, tenant('7'))).toBe('other tenant')
  const { db, settings } = ports
  expect(await changeEndpoint(db, settings, operator, id, { headers: { host: 'a.example' } })).toEqual({
    wrongInput: [{ path: 'headers.host', message: expect.any(String) }],
  })
  expect(await changeEndpoint(db, settings, tenant('7'), id, { tenant: '8' })).toBe('other tenant')
})

test('an endpoint is unknown when its id is malformed, when it is deleted, and to another tenant', async () => {
  const { db, settings } = ports
  expect(await changeEndpoint(db, settings, operator, 'nonsense', {})).toBe('unknown')
  expect(await changeEndpoint(db, settings, tenant('7'), id, { description: 'x' })).toBe('unknown')
  expect(await deleteEndpoint(db, operator, id)).toBe('changed')
  expect(await deleteEndpoint(db, operator, id)).toBe('unknown')
  expect(await sendTest(db, operator, id)).toBe('unknown')
  expect(await rotateKey(db, settings.keyring, operator, id, Rotation.parse({}))).toBe('unknown')
})

test('an endpoint in another state than the change needs says in which it is', async () => {
  const { db } = ports
  await ports.client.query(`update outbox.endpoints set state = 'disabled', disabled_reason = 'gone'`)
  expect(await pauseEndpoint(db, operator, id)).toEqual({
    wrongState: 'disabled',
    allowed: ['active', 'paused'],
  })
  expect(await sendTest(db, operator, id)).toBe('disabled')
  expect(await resumeEndpoint(db, operator, id)).toBe('changed')
  expect(await sendTest(db, operator, id)).toEqual({
    eventId: expect.stringMatching(/^evt_/),
    deliveryId: expect.stringMatching(/^dlv_/),
  })
})

test('no more than ten keys of an endpoint sign at once', async () => {
  const { db, settings } = ports
  const rotate = (given: object = {}) => rotateKey(db, settings.keyring, operator, id, Rotation.parse(given))
  for (let keys = 2; keys <= 10; keys++) expect(await rotate()).toHaveProperty('key')
  expect(await rotate()).toBe('too many keys')
  expect(await rotate({ overlap_seconds: 0 })).toHaveProperty('key')
})
