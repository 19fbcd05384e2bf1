// Every setting of an endpoint, in a loop: whatever is added to the table of settings must reach the row, the answers, the
// audit and the senders.
import { beforeAll, describe, expect, test } from 'vitest'
import { openEndpoint } from '../../../delivery/endpoint.ts'
import { openKeyring } from '../../../delivery/secrets.ts'
import { ed25519Signer, hmacSigner } from '../../../delivery/signature.ts'
import type { EndpointId, SealedEndpoint } from '../../../delivery/types.ts'
import type { ReadEndpointsRow } from '../../../drizzle/queries.gen.ts'
import { type SettingName, settingNames, shownSettings } from '../../../functions/endpoints/settings.ts'
import { storeOn } from '../../support/outbox.ts'
import { testSettings } from '../../support/settings.ts'
import { type Api, startApi } from '../api.ts'

let api: Api
beforeAll(async () => {
  api = await startApi()
})

/** They decide what becomes a delivery, who sends it or how it is signed; a sender does not read them. */
const notForSenders: readonly SettingName[] = [
  ...(['name', 'kind', 'description', 'event_types', 'tenant'] as const),
  ...(['signing', 'ordering', 'expires_after_idle_seconds'] as const),
]
/** A rotation changes it, or nothing does. */
const notForPatch: readonly SettingName[] = ['signing', 'kind']

/** Columns that are no settings. */
const otherColumns = [
  ...['id', 'nonce', 'sealed_headers', 'state', 'disabled_reason', 'version', 'events_after'],
  ...['created_snapshot', 'changed_tenant', 'created_at', 'updated_at', 'deleted_at'],
]

let names = 0
const anyValues = [
  'https://example.org/b',
  'ed25519',
  'key',
  'text',
  'pull',
  'slack',
  7,
  3600,
  2.5,
  true,
  false,
  ['order.*'],
  [1, 2],
]

/** A value that the setting may have and that a new endpoint does not have. No two endpoints may have the same name. */
function otherValueOf(name: SettingName, now: unknown) {
  if (name === 'name') return `name-${++names}`
  const found = anyValues.find(value => value !== now && shownSettings[name].safeParse(value).success)
  expect(found, `no value of ${name} among those to try`).toBeDefined()
  return found
}

const create = async (settings: object = {}) =>
  (await api.post('/v1/endpoints', { url: 'https://example.com/a', ...settings })).body
const read = async (id: string) => (await api.get(`/v1/endpoints/${id}`)).body
const listed = async (id: string) =>
  (await api.get('/v1/endpoints')).body.data.find((endpoint: { id: string }) => endpoint.id === id)
const row = async (id: string) =>
  (
    await api.db.query(
      'select *, id::text as id from outbox.endpoints where outbox.endpoint_id(id, nonce) = $1',
      [id],
    )
  ).rows[0]

/** Does not compile while read_endpoints.sql reads a column that delivery/types.ts does not know. */
type Unknown = Exclude<keyof ReadEndpointsRow, keyof SealedEndpoint>
const nothingIsUnknown: [Unknown] extends [never] ? true : Unknown = true

async function asSendersSeeIt(id: string): Promise<Record<string, unknown>> {
  expect(nothingIsUnknown).toBe(true)
  const [sealed] = await storeOn(api.db).readEndpoints([(await row(id)).id as EndpointId])
  const keyring = await openKeyring(testSettings.OUTBOX_MASTER_KEYS)
  const defaults = { requestTimeoutSeconds: 15, retrySchedule: [5] }
  return { ...(await openEndpoint(sealed!, { keyring, hmacSigner, ed25519Signer, defaults })) }
}

const camel = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())

test('a column of an endpoint is a setting, or is known not to be one', async () => {
  const { rows } = await api.db.query(
    `select column_name from information_schema.columns where table_schema = 'outbox' and table_name = 'endpoints'`,
  )
  expect(rows.map(row => row.column_name).sort()).toEqual([...settingNames, ...otherColumns].sort())
})

describe('the setting', () => {
  test.each(settingNames)('%s of a new endpoint is kept and shown as it was given', async name => {
    const value = otherValueOf(name, (await create())[name])
    const { id, ...created } = await create({ [name]: value })
    expect((await row(id))[name]).toEqual(value)
    expect(created[name]).toEqual(value)
    expect((await read(id))[name]).toEqual(value)
    expect((await listed(id))[name]).toEqual(value)
  })

  const changeable = settingNames.filter(name => !notForPatch.includes(name))
  test.each(changeable)('%s changes alone, and the audit says from what to what', async name => {
    const { id, ...before } = await create()
    const value = otherValueOf(name, before[name])
    const answer = await api.patch(`/v1/endpoints/${id}`, { [name]: value })
    expect(answer.body).toEqual({ ...(await read(id)), [name]: value })
    const { secret: _, updated_at: __, ...others } = before
    expect(await read(id)).toMatchObject({ ...others, [name]: value })
    expect((await row(id))[name]).toEqual(value)
    expect((await listed(id))[name]).toEqual(value)
    const { data } = (await api.get(`/v1/audit?endpoint_id=${id}&limit=1`)).body
    expect(data[0]).toMatchObject({
      action: 'endpoint.changed',
      changes: { [name]: { from: before[name], to: value } },
    })
    expect(Object.keys(data[0].changes)).toEqual([name])
  })

  const forSenders = settingNames.filter(name => !notForSenders.includes(name))
  test.each(forSenders)('%s reaches the senders', async name => {
    const value = otherValueOf(name, (await create())[name])
    const { id } = await create({ [name]: value })
    expect((await asSendersSeeIt(id))[camel(name)]).toEqual(value)
  })
})
