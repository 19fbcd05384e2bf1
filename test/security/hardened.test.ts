// The whole system in a database where nothing is left to PUBLIC, before the migrations and after them.
import pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { migrate, uninstall } from '../../dev/migrate.ts'
import { parseJson } from '../../functions/http/json.ts'
import { fillShop } from '../functions/shop/shop.ts'
import { atEnd } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { type HardenedDatabase, hardenedDatabase } from '../support/hardened.ts'
import { deliveryStates, startTestListener } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'
import { startWorker, type TestWorker } from '../support/worker.ts'

let database: HardenedDatabase
let owner: pg.Client
let worker: TestWorker
beforeAll(async () => {
  database = await hardenedDatabase()
  owner = await connect(database.ownerUrl)
  await fillShop(owner)
  const { url } = await database.login('outbox_functions')
  worker = await startWorker({ ...database.env, DATABASE_URL: url, OUTBOX_RATE_LIMIT: '0' })
})

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  atEnd(() => client.end())
  return client
}

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await worker.fetch(path, {
    method,
    headers: { authorization: 'Bearer dev', 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const type = response.headers.get('content-type') ?? ''
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect by looking
  return { status: response.status, body: (/json/.test(type) ? parseJson(text) : text) as any }
}

const granted = `
  select n.nspname || '.' || o.name as object, a.privilege_type
  from (
    select relnamespace, relname::text, relacl from pg_class
    union all select pronamespace, oid::regprocedure::text, coalesce(proacl, acldefault('f', proowner)) from pg_proc
    union all select typnamespace, typname::text, coalesce(typacl, acldefault('T', typowner)) from pg_type where typtype in ('e', 'd')
    union all select oid, nspname::text, nspacl from pg_namespace
  ) as o (schema, name, acl)
  join pg_namespace n on n.oid = o.schema
  cross join lateral aclexplode(o.acl) as a
  where n.nspname in ('outbox', 'public') and a.grantee = 0
  order by 1`

test('the migrations leave nothing to PUBLIC, and take no revoked right back', async () => {
  expect((await owner.query(granted)).rows).toEqual([])
  const { notices } = await migrate(database.ownerUrl, { example: true })
  expect(notices).toEqual([])
  await owner.query('select outbox.grant_roles()')
  expect((await owner.query(granted)).rows).toEqual([])
})

test('in a usual database everybody may emit until that is taken from PUBLIC, also over later migrations', async () => {
  await owner.query('begin')
  await owner.query('grant execute on all functions in schema outbox to public; select outbox.grant_roles()')
  expect((await owner.query(granted)).rows).toContainEqual({
    object: 'outbox.outbox',
    privilege_type: 'USAGE',
  })
  await owner.query('rollback')
})

test('roles that an administrator created get their rights from an owner who may create none', async () => {
  await database.admin.query(`alter role ${new URL(database.ownerUrl).username} nocreaterole`)
  await owner.query('begin')
  await owner.query(
    'revoke all on all tables in schema outbox from outbox_listener; select outbox.grant_roles()',
  )
  const { rows } = await owner.query(
    `select has_table_privilege('outbox_listener', 'outbox.events', 'select') as may`,
  )
  expect(rows).toEqual([{ may: true }])
  await owner.query('rollback')
})

describe('from the writer to the receiver', () => {
  test('a writer needs rights on its table only', async () => {
    const login = await database.login()
    await database.admin.query(`
      grant usage on schema public to ${login.name};
      grant insert, update, select on orders to ${login.name}`)
    const writer = await connect(login.url)
    await writer.query(`insert into orders (id, client_id) values (90, 1)`)
    await writer.query(`update orders set status = 'shipped' where id = 90`)
    await expect(writer.query(`select outbox.emit('a.b', '{}')`)).rejects.toMatchObject({ code: '42501' })
    const { rows } = await owner.query(`select type from outbox.events where key = 'orders/90' order by id`)
    expect(rows.map(({ type }) => type)).toEqual(['order.created', 'order.shipped'])
  })

  test('an emitter needs outbox_emitter only', async () => {
    const emitter = await connect((await database.login('outbox_emitter')).url)
    for (const statement of [
      `select outbox.emit('a.b', '{}', 'k', 't') as id`,
      `select outbox.emit('a b', '{}'::jsonb) as id`,
      `select outbox.emit_text('a.b', '{') as id`,
    ])
      expect((await emitter.query(statement)).rows[0].id, statement).toMatch(/^evt_/)
    await expect(emitter.query('select from outbox.events')).rejects.toMatchObject({ code: '42501' })
  })

  test('the owner of a table needs grant_watching() only, and its writers nothing', async () => {
    const login = await database.login()
    await owner.query(`select outbox.grant_watching('${login.name}')`)
    const writer = await database.login()
    await database.admin.query(`create schema own authorization ${login.name}`)
    await database.admin.query(`grant usage on language sql, plpgsql to ${login.name}`)
    const client = await connect(login.url)
    await client.query(`create table own.bills (id int primary key, note text)`)
    await client.query(
      `select outbox.watch('own.bills', condition => 'NEW.id > 1', fields => '{"n": "NEW.note"}')`,
    )
    await database.harden()
    await client.query(
      `grant usage on schema own to ${writer.name}; grant insert on own.bills to ${writer.name}`,
    )
    await (await connect(writer.url)).query(`insert into own.bills values (1, 'a'), (2, 'b')`)
    const { rows } = await owner.query(`select key, data from outbox.events where type = 'bills.created'`)
    expect(rows).toEqual([{ key: 'bills/2', data: { n: 'b' } }])
    const explained = await call('GET', '/v1/explain?table=own.bills&key=bills/1')
    expect(explained.body.findings).toContainEqual({
      holds: false,
      finding: expect.stringContaining(
        `Its own owner may call outbox.explain_own_row('own.bills', 'bills/1').`,
      ),
    })
    const own = await client.query(`select * from outbox.explain_own_row('own.bills', 'bills/1')`)
    expect(own.rows).toContainEqual({ operation: 'insert', passes: false, problem: null })
    await client.query(`select outbox.unwatch('own.bills')`)
  })

  test('the API, the listener and the cron function do all their work', async () => {
    const receiver = await startReceiver()
    const events = await call('POST', '/v1/endpoints', {
      url: `${receiver.url}/hook`,
      event_types: ['a.*', 'order.*'],
    })
    expect(events.status).toBe(201)
    const id = events.body.id
    const listener = await startTestListener((await database.login('outbox_listener')).url, {
      OUTBOX_RETENTION_DAYS: '1',
    })
    const headers = { 'idempotency-key': 'k' }
    const emitted = await call('POST', '/v1/events', { type: 'a.b', data: { n: 1 }, key: 'k' }, headers)
    expect(emitted).toEqual(
      await call('POST', '/v1/events', { type: 'a.b', data: { n: 1 }, key: 'k' }, headers),
    )
    expect(emitted.status).toBe(202)
    expect((await call('POST', '/orders', { client_id: 1, item_ids: [1] })).status).toBe(201)
    await receiver.waitFor(2)
    await eventually(async () => (await deliveryStates(owner)).delivered === 2)

    const delivery = (await call('GET', '/v1/deliveries?limit=1')).body.data[0].id
    for (const [method, path, body, status] of [
      ['GET', '/v1/events', undefined, 200],
      ['GET', `/v1/events/${emitted.body.id}`, undefined, 200],
      ['GET', `/v1/events/${emitted.body.id}/explain`, undefined, 200],
      ['GET', '/v1/explain?table=orders&key=orders/90', undefined, 200],
      ['GET', '/v1/event-types', undefined, 200],
      ['GET', '/v1/health/capture', undefined, 200],
      ['GET', '/v1/stats', undefined, 200],
      ['GET', '/v1/audit', undefined, 200],
      ['POST', '/v1/keys', { name: 'given' }, 201],
      ['GET', '/v1/keys', undefined, 200],
      ['GET', '/v1/listeners', undefined, 200],
      ['GET', '/metrics', undefined, 200],
      ['GET', `/v1/deliveries/${delivery}`, undefined, 200],
      ['POST', `/v1/deliveries/${delivery}/redeliver`, {}, 202],
      ['POST', `/v1/endpoints/${id}/test`, {}, 202],
      ['PATCH', `/v1/endpoints/${id}`, { description: 'new' }, 200],
      ['POST', `/v1/endpoints/${id}/rotate`, {}, 200],
      ['POST', `/v1/endpoints/${id}/replay`, { since: '2026-01-01T00:00:00Z', only: 'all' }, 202],
    ] as const) {
      expect((await call(method, path, body)).status, `${method} ${path}`).toBe(status)
    }
    await receiver.waitFor(5)
    expect(await listener.stop()).toBe(true)

    await owner.query(`select outbox.emit('a.late', '{}')`)
    expect(await worker.scheduled()).toBe('ok')
    await eventually(() => receiver.requests.some(({ body }) => body.includes('a.late')))
    expect((await call('DELETE', `/v1/endpoints/${id}`)).status).toBe(204)
    expect(await worker.scheduled()).toBe('ok')
  })

  test('the listener’s role may do its maintenance', async () => {
    const client = await connect((await database.login('outbox_listener')).url)
    await client.query(`select outbox.add_partitions(), outbox.open_next_partition('1 day')`)
    await client.query(`select outbox.expire('0 days', '{}', '{}')`)
    await client.query('select * from outbox.capture_health()')
  })
})

test('uninstalling leaves none of its roles a right in the database', async () => {
  await uninstall(database.ownerUrl)
  const { rows } = await owner.query(
    `select r.rolname, d.classid::regclass from pg_shdepend d join pg_roles r on r.oid = d.refobjid
     where r.rolname like 'outbox\\_%' and (d.dbid = (select oid from pg_database where datname = current_database())
       or d.classid = 'pg_database'::regclass and d.objid = (select oid from pg_database where datname = current_database()))`,
  )
  expect(rows).toEqual([])
})
