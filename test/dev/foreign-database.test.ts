// The outbox in a database that belongs to somebody else's application: it makes one schema, and leaves nothing behind.
import { beforeEach, describe, expect, test } from 'vitest'
import { migrate, uninstall } from '../../dev/migrate.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { dumpDatabase } from '../support/dump.ts'
import { eventually } from '../support/eventually.ts'
import { addEndpoint, deliveryStates, startTestListener } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'

/** Names that the example uses too, and a journal as drizzle-kit makes it. */
const application = `
  create type public.order_status as enum ('new', 'paid', 'sent');
  create table public.clients (id int primary key, email text);
  create table public.orders (number int primary key, status public.order_status not null default 'new', total numeric);
  create index orders_by_status on public.orders (status);
  comment on table public.orders is 'What somebody bought.';
  create function public.touch_updated_at() returns trigger language plpgsql as $$ begin return new; end $$;
  create trigger touch before update on public.orders for each row execute function public.touch_updated_at();
  create view public.paid_orders as select * from public.orders where status = 'paid';
  create schema drizzle;
  create table drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint);
  insert into drizzle.__drizzle_migrations (hash, created_at) values ('0f', 1);
  insert into public.orders values (1, 'new', 9.50);`

let db: TestDatabase
let client: Awaited<ReturnType<TestDatabase['connect']>>
beforeEach(async () => {
  db = await freshDatabase({ empty: true })
  client = await db.connect()
  await client.query(application)
})

test('a database with its own orders, order_status and drizzle journal gets a webhook, and after uninstalling is as before', async () => {
  const before = await dumpDatabase(client)
  expect(before).toContain('What somebody bought.')

  await migrate(db.url)
  const { rows } = await client.query(
    `select nspname from pg_namespace where nspname !~ '^pg_' and nspname not in ('information_schema', 'public') order by 1`,
  )
  expect(rows.map(row => row.nspname)).toEqual(['drizzle', 'outbox'])

  await client.query(`select outbox.watch('public.orders', type => 'order.{operation}')`)
  const receiver = await startReceiver()
  await addEndpoint(client, { url: `${receiver.url}/hook` })
  const listener = await startTestListener(db.url)
  await client.query(`begin; update public.orders set status = 'paid' where number = 1`)
  await client.query(`update public.orders set status = 'new' where number = 1; commit`)
  const [webhook] = await receiver.waitFor(1)
  expect(JSON.parse(String(webhook!.body))).toMatchObject({
    type: 'order.updated',
    data: { new: { number: 1, status: 'paid', total: 9.5 } },
  })
  await eventually(async () => (await deliveryStates(client)).delivered === 2)
  expect(await listener.stop()).toBe(true)

  expect(await dumpDatabase(client)).toContain('00_outbox_update')
  await client.query(`select outbox.unwatch('public.orders')`)
  expect(await uninstall(db.url)).toEqual([])
  expect(await dumpDatabase(client)).toBe(before)
})

describe('uninstalling', () => {
  test('ends the watches that are left, and takes back what the roles were granted elsewhere', async () => {
    const before = await dumpDatabase(client)
    await migrate(db.url)
    await client.query(`
      select outbox.watch('public.orders'), outbox.watch('public.clients');
      grant select, update (total) on public.orders to outbox_functions;
      grant usage on schema drizzle to outbox_listener;
      grant execute on function public.touch_updated_at to outbox_listener;`)
    expect(await uninstall(db.url)).toEqual(['orders', 'clients'])
    expect(await dumpDatabase(client)).toBe(before)
  })

  test('refuses, and changes nothing, while a view of the application uses the outbox', async () => {
    await migrate(db.url)
    await client.query(`
      select outbox.watch('public.orders');
      create view public.recent as select id, type from outbox.events;
      create function public.shout() returns text return outbox.emit('a.b', '{}');`)
    const before = await dumpDatabase(client)
    await expect(uninstall(db.url)).rejects.toThrow(
      'would be dropped with it: function public.shout(), rule "_RETURN" on public.recent',
    )
    expect(await dumpDatabase(client)).toBe(before)
    await client.query('drop view public.recent; drop function public.shout()')
    await uninstall(db.url)
    expect((await client.query(`select to_regnamespace('outbox') as schema`)).rows).toEqual([
      { schema: null },
    ])
  })

  test('says so where there is nothing to remove', async () => {
    expect(await uninstall(db.url)).toBe(null)
  })

  test('leaves the example’s tables, and the next migration watches orders again', async () => {
    const shop = await freshDatabase({ seeded: true })
    const owner = await shop.connect()
    expect(await uninstall(shop.url)).toEqual(['orders'])
    await owner.query(`update orders set status = 'shipped' where id = 1`)
    const { example } = await migrate(shop.url, { example: true })
    expect(example).toMatchObject({ migrations: [] })
    await owner.query(`update orders set status = 'backorder' where id = 1`)
    const { rows } = await owner.query('select type from outbox.events')
    expect(rows).toEqual([{ type: 'order.backorder' }])
  })
})
