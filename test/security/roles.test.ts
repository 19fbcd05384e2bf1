// Least privilege: the rights of the Worker's and the listener's database roles.
import pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Api, startApi } from '../functions/api.ts'
import { fillShop } from '../functions/shop/shop.ts'
import { atEnd } from '../support/cleanup.ts'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { loginAs, type Role } from '../support/login.ts'
import { addEndpoint, deliveryStates, emit, startTestListener } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'

let owner: pg.Client
let url: string
beforeAll(async () => {
  const database = await freshDatabase()
  url = database.url
  owner = await database.connect()
  await fillShop(owner)
  await owner.query('insert into orders (id, client_id) values (17, 1)')
  await addEndpoint(owner, { url: 'https://a.example' })
})

async function connectAs(role: Role | null): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: await loginAs(role, url) })
  await client.connect()
  atEnd(() => client.end())
  return client
}

const forbidden = {
  outbox_functions: [
    'delete from outbox.events',
    `update outbox.events set type = 'x'`,
    `insert into outbox.events (type, data) values ('a.b', '{}')`,
    'truncate outbox.events',
    'delete from outbox.delivered_at_once',
    'delete from outbox.attempt_rows',
    'delete from outbox.endpoints',
    'delete from outbox.endpoint_secrets',
    'update outbox.endpoint_secrets set endpoint_id = 1',
    'delete from orders',
    'update clients set name = name',
    'update fulfillment_fees set amount_cents = 0',
    'delete from charges',
    'alter table outbox.events disable trigger all',
    'drop function outbox.emit(text, json, text, text)',
    'create table outbox.mine ()',
    'update outbox.identity set addresses = addresses',
    'delete from outbox.held_senders',
    `select outbox.cancel_waiting(1, 'x')`,
    'select outbox.grant_roles()',
  ],
  outbox_listener: [
    'select from orders',
    `update orders set status = 'shipped'`,
    'select from clients',
    'select from charges',
    'delete from outbox.events',
    `insert into outbox.events (type, data) values ('a.b', '{}')`,
    'delete from outbox.delivered_at_once',
    'delete from outbox.attempt_rows',
    `update outbox.endpoints set url = 'https://evil.example'`,
    'update outbox.endpoints set sealed_headers = null',
    `insert into outbox.endpoints (url) values ('https://evil.example')`,
    'update outbox.endpoint_secrets set sealed = sealed',
    'delete from outbox.endpoint_secrets',
    'select from outbox.idempotency_steps',
    'select from outbox.rate_buckets',
    'select from outbox.identity',
    'insert into outbox.held_senders (address, sender) values (null, null)',
    `select outbox.adopt('new', '{}', 1)`,
    `select outbox.run_idempotent('a', '{b}', 'c', 'd', true, 'select 1', '{}')`,
    'select outbox.grant_roles()',
  ],
} satisfies Partial<Record<Role, string[]>>

describe.each(Object.keys(forbidden) as (keyof typeof forbidden)[])('%s', role => {
  test('the role is refused every statement that is not its task', async () => {
    const client = await connectAs(role)
    for (const statement of forbidden[role]) {
      await expect(client.query(statement), statement).rejects.toMatchObject({ code: '42501' })
    }
  })

  test('the statements refused to the role are valid for the owner', async () => {
    for (const statement of forbidden[role]) {
      await owner.query('begin')
      const sqlstate = await owner.query(statement).then(
        () => 'none',
        error => error.code,
      )
      expect(sqlstate, statement).not.toMatch(/^42/)
      await owner.query('rollback')
    }
  })
})

test('every role may emit an event, and read nothing of the outbox', async () => {
  const outsider = await connectAs(null)
  await owner.query('grant insert on orders, order_items to public; grant select on order_items to public')
  expect((await outsider.query(`select outbox.emit('a.b', '{}') as id`)).rows[0].id).toMatch(/^evt_/)
  await outsider.query('insert into orders (client_id) values (1)')
  const { rows } = await owner.query(`select tablename from pg_tables where schemaname = 'outbox'`)
  expect(rows.length).toBeGreaterThan(8)
  for (const { tablename } of rows) {
    await expect(outsider.query(`select from outbox.${tablename}`), tablename).rejects.toMatchObject({
      code: '42501',
    })
  }
})

test('each table of the outbox has its rights in grant_roles', async () => {
  const { rows } = await owner.query(
    `select relname from pg_class
     where relnamespace = 'outbox'::regnamespace and relkind in ('r', 'p')
       and not relispartition -- reached through their table
       and not has_table_privilege('outbox_functions', oid, 'select')`,
  )
  expect(rows, 'name it in drizzle/functions/grant_roles.sql').toEqual([])
})

test('grant_roles() restores every right on functions, for roles created after the migrations', async () => {
  const granted = async () => {
    const { rows } = await owner.query(
      `select r.rolname, p.oid::regprocedure::text as function
       from pg_proc p, aclexplode(p.proacl) a join pg_roles r on r.oid = a.grantee
       where p.pronamespace = 'outbox'::regnamespace and r.rolname in ('outbox_functions', 'outbox_listener')
       order by 1, 2`,
    )
    return rows
  }
  const before = await granted()
  expect(before.length).toBeGreaterThan(6)
  await owner.query('begin')
  await owner.query('revoke all on all functions in schema outbox from outbox_functions, outbox_listener')
  expect(await granted()).toEqual([])
  await owner.query('select outbox.grant_roles()')
  expect(await granted()).toEqual(before)
  await owner.query('rollback')
})

test('every function that runs with its owner’s rights pins its search path', async () => {
  const { rows } = await owner.query(
    `select proname, proconfig from pg_proc where prosecdef and pronamespace in ('outbox'::regnamespace, 'public'::regnamespace)`,
  )
  expect(rows.length).toBeGreaterThan(4)
  for (const { proname, proconfig } of rows) expect(proconfig?.join(), proname).toContain('search_path=')
})

test('the only function that every role may run with the owner’s rights is record', async () => {
  const { rows } = await owner.query(
    `select proname from pg_proc
     where prosecdef and pronamespace = 'outbox'::regnamespace and prorettype <> 'trigger'::regtype
       and has_function_privilege('public', oid, 'execute')
     order by proname`,
  )
  expect(rows.map(({ proname }) => proname)).toEqual(['record'])
})

test('emit uses no look-alike table or function of the caller’s own schema', async () => {
  const outsider = await connectAs(null)
  await outsider.query('create temp table events (like pg_class)')
  await outsider.query(
    `create function pg_temp.bounded(text, int) returns text language sql as $$ select 'evil' $$`,
  )
  await outsider.query('set search_path = pg_temp, public')
  const { rows } = await outsider.query(`select outbox.emit('a.b', '{}', 'key') as id`)
  const event = await owner.query('select key from outbox.events where outbox.event_id(id, nonce) = $1', [
    rows[0].id,
  ])
  expect(event.rows).toEqual([{ key: 'key' }])
})

test('capture uses no look-alike function, operator or type, whatever the writer’s search path', async () => {
  await owner.query(`create table public.odd (id int primary key, note text, at date)`)
  await owner.query(`select outbox.watch('public.odd')`)
  const writer = await connectAs(null)
  const { rows: users } = await writer.query('select current_user as name')
  await owner.query(`grant select, insert, update on public.odd to ${users[0].name}`)
  await owner.query(`create schema evil authorization ${users[0].name}`)
  const evil = (signature: string, result: string) =>
    `create function evil.${signature} returns ${result} language plpgsql as $$ begin raise 'evil'; end $$;`
  await writer.query(`
    ${['int', 'text', 'date', 'bool']
      .map(
        type => `${evil(`differs(${type}, ${type})`, 'bool')}
        create operator evil.<> (leftarg = ${type}, rightarg = ${type}, function = evil.differs);
        ${evil(`equals(${type}, ${type})`, 'bool')}
        create operator evil.= (leftarg = ${type}, rightarg = ${type}, function = evil.equals);`,
      )
      .join('')}
    ${[
      'concat(text, int)',
      'currval(text)',
      'current_setting(text, bool)',
      'octet_length(text)',
      'array_remove(text[], text)',
    ]
      .map(signature => evil(signature, 'text'))
      .join('')}
    create domain evil.text as int; create domain evil.json as int; create type evil.record as (a int);
    set search_path = evil, pg_catalog;
    insert into public.odd values (1, 'x', '2026-01-02');
    update public.odd set note = 'y';`)
  const { rows } = await owner.query(
    `select type, key, data->'changed' as changed, data->'new' as row from outbox.events where key = 'odd/1' order by id`,
  )
  const row = { id: 1, note: 'x', at: '2026-01-02' }
  expect(rows).toEqual([
    { type: 'odd.created', key: 'odd/1', changed: null, row },
    { type: 'odd.updated', key: 'odd/1', changed: ['note'], row: { ...row, note: 'y' } },
  ])
})

test('a migration without the right to create roles says so and goes on', async () => {
  const client = await connectAs(null)
  const notices: string[] = []
  client.on('notice', notice => notices.push(notice.message ?? ''))
  const { rows } = await owner.query(`select pg_get_functiondef('outbox.grant_roles'::regproc) as source`)
  await owner.query('grant create on schema public to public')
  const copy = rows[0].source
    .replaceAll('outbox_functions', 'no_such_role')
    .replace('outbox.grant_roles', 'public.grant_copy')
  await client.query(copy)
  await client.query('select public.grant_copy()')
  expect(notices.join()).toContain('may not: nothing is granted')
})

describe('delivery with the roles of production', () => {
  let api: Api
  let receiver: Awaited<ReturnType<typeof startReceiver>>
  beforeAll(async () => {
    receiver = await startReceiver()
    const database = await freshDatabase()
    const DATABASE_URL = await loginAs('outbox_functions', database.url)
    api = await startApi({ DATABASE_URL })
    const db = await database.connect()
    api = { ...api, database, db }
    await fillShop(db)
    await db.query('insert into orders (id, client_id) values (17, 1)')
    const { status } = await api.post('/v1/endpoints', {
      url: `${receiver.url}/hook`,
      event_types: ['order.*'],
    })
    expect(status).toBe(201)
  })

  test('the listener delivers a PATCH with the roles of production', async () => {
    const listener = await startTestListener(await loginAs('outbox_listener', api.database.url))
    const headers = { 'idempotency-key': 'k' }
    expect((await api.patch('/orders/17', { status: 'shipped' }, { headers })).status).toBe(200)
    await receiver.waitFor(1)
    await eventually(async () => (await deliveryStates(api.db)).delivered === 1)
    expect((await api.get('/v1/deliveries?limit=1')).body.data[0].state).toBe('delivered')
    expect(await listener.stop()).toBe(true)
  })

  test('the cron function delivers with the roles of production, to the demo receiver too', async () => {
    const before = receiver.requests.length
    expect((await api.post('/orders', { client_id: 1, item_ids: [1] })).status).toBe(201)
    await emit(api.db, 1, { type: 'order.other' })
    expect(await api.worker.scheduled()).toBe('ok')
    expect(receiver.requests.length).toBe(before + 2)
  })
})
