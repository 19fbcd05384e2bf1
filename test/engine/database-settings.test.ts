// `ALTER DATABASE … SET` and `ALTER ROLE … SET`: the listener sends the same webhooks as without them, and as soon.
import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { loginAs } from '../support/login.ts'
import { addEndpoint, deliveryStates, startTestListener } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'

const cases = [
  [],
  [
    `search_path = ''`,
    `"DateStyle" = 'German, DMY'`,
    `"TimeZone" = 'Asia/Kathmandu'`,
    'extra_float_digits = -15',
  ],
  ['standard_conforming_strings = off', 'array_nulls = off', `bytea_output = 'escape'`],
  [
    'statement_timeout = 300',
    'lock_timeout = 1',
    'idle_session_timeout = 300',
    'idle_in_transaction_session_timeout = 300',
  ],
  [
    'default_transaction_isolation = serializable',
    'session_replication_role = replica',
    'quote_all_identifiers = on',
  ],
].map((settings): [string, string[]] => [settings.join(', ') || 'no setting', settings])

test.each(cases)('with %s the listener delivers at once, and what it should', async (_, settings) => {
  const database = await freshDatabase()
  const client = await database.connect()
  const receiver = await startReceiver(({ body }) => (body.includes('"gone"') ? 410 : 200))
  const endpoint = await addEndpoint(client, { url: receiver.url, rate_per_second: 100 / 3 })
  for (const setting of settings) {
    await client.query(`alter database ${new URL(database.url).pathname.slice(1)} set ${setting}`)
  }
  const emit = (data: object) => client.query('select outbox.emit($1, $2)', ['a.b', data])
  // Only notifications bring the later events in time, and an idle connection must have stayed open for them.
  const listener = await startTestListener(database.url, { OUTBOX_POLL_SECONDS: '60' })
  const ready = () => fetch(`http://127.0.0.1:${listener.healthPort}/readyz`)
  await eventually(async () => (await ready()).status === 200)
  for (const n of [1, 2]) {
    await new Promise(resolve => setTimeout(resolve, 700))
    await emit({ n: 0.1, text: String.raw`\'` })
    const { body } = (await receiver.waitFor(n, { timeoutMs: 10_000 }))[n - 1]!
    const { timestamp, ...event } = JSON.parse(body.toString())
    expect(event).toEqual({ type: 'a.b', data: { n: 0.1, text: String.raw`\'` } })
    expect(timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
    expect(Math.abs(Date.parse(timestamp) - Date.now())).toBeLessThan(60_000)
  }
  await eventually(async () => (await deliveryStates(client)).delivered === 2)
  // An effect of a trigger: a disabled endpoint is reported as an event of its own.
  await emit({ why: 'gone' })
  await eventually(async () => {
    const { rowCount } = await client.query(
      `select from outbox.events where type = 'outbox.endpoint.disabled'`,
    )
    return rowCount === 1
  })
  const { rows } = await client.query('select state, disabled_reason from outbox.endpoints where id = $1', [
    endpoint.id,
  ])
  expect(rows).toEqual([{ state: 'disabled', disabled_reason: 'gone' }])
})

test('session_replication_role that its user may not change back keeps the listener from being ready, by name', async () => {
  const database = await freshDatabase()
  const client = await database.connect()
  const login = await loginAs('outbox_listener', database.url)
  const role = new URL(login).username
  await client.query(`alter role ${role} set session_replication_role = replica`)
  const listener = await startTestListener(login, { OUTBOX_POLL_SECONDS: '1' })
  const ready = () => fetch(`http://127.0.0.1:${listener.healthPort}/readyz`)
  await eventually(async () => (await (await ready()).text()).includes('session_replication_role'))
  expect((await ready()).status).toBe(503)
  await client.query(`alter role ${role} reset session_replication_role`)
  await eventually(async () => (await ready()).status === 200)
})
