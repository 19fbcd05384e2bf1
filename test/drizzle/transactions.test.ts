// Transactions that get in each other's way leave no event orphaned or doubled, and every table survives a crash.
import type pg from 'pg'
import { expect, test } from 'vitest'
import { migrate } from '../../dev/migrate.ts'
import { freshDatabase } from '../support/database.ts'

test('the victim of a deadlock may try again, and its events are rolled back with it', async () => {
  const { db, client } = await scene()
  const [a, b] = [await db.connect(), await db.connect()]
  for (const session of [a, b]) await session.query('begin')
  await ship(a, 1)
  await ship(b, 2)
  const outcomes = await Promise.allSettled([ship(a, 2), ship(b, 1)])
  const victim = outcomes.find(outcome => outcome.status === 'rejected')
  expect(victim).toMatchObject({ reason: { code: '40P01' } })
  for (const session of [a, b]) await session.query('commit')
  expect(await shipped(client)).toEqual(['orders/1', 'orders/2'])
})

test('of two serializable transactions one may have to try again, and each change makes one event', async () => {
  const { db, client } = await scene()
  const [a, b] = [await db.connect(), await db.connect()]
  for (const session of [a, b]) {
    await session.query('begin isolation level serializable')
    await session.query(`select count(*) from orders where status = 'shipped'`)
  }
  await ship(a, 1)
  await ship(b, 2)
  await a.query('commit')
  await expect(b.query('commit')).rejects.toMatchObject({ code: '40001' })
  expect(await shipped(client)).toEqual(['orders/1'])
  await b.query('begin isolation level serializable')
  await ship(b, 2)
  await b.query('commit')
  expect(await shipped(client)).toEqual(['orders/1', 'orders/2'])
})

test('every table survives a crash', async () => {
  const { client } = await scene()
  const { rows } = await client.query(
    `select relname from pg_class where relnamespace = 'outbox'::regnamespace and relkind in ('r', 'p') and relpersistence <> 'p'`,
  )
  expect(rows).toEqual([])
})

test('a migration that does not get its lock gives up and holds up no other statement', async () => {
  const { db } = await scene()
  const holder = await db.connect()
  await holder.query('begin; lock table outbox.migrations in access exclusive mode')
  await expect(migrate(db.url)).rejects.toMatchObject({ cause: { code: '55P03' } })
  await holder.query('rollback')
  await migrate(db.url)
})

async function scene() {
  const db = await freshDatabase({ seeded: true })
  const client = await db.connect()
  await client.query(`update orders set status = 'created'; delete from outbox.events`)
  return { db, client }
}

const ship = (session: pg.Client, id: number) =>
  session.query(`update orders set status = 'shipped' where id = $1`, [id])

async function shipped(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query(
    `select key from outbox.events where type = 'order.shipped' order by key`,
  )
  return rows.map(row => row.key)
}
