// The typed helper: an event in the caller's own transaction.
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import { beforeEach, expect, test } from 'vitest'
import { emit } from '../../drizzle/emit.ts'
import { freshDatabase } from '../support/database.ts'

let db: NodePgDatabase
beforeEach(async () => {
  db = drizzle(await (await freshDatabase()).connect())
})
const events = async () =>
  (await db.execute(`select outbox.event_id(id, nonce) as id, type, key, tenant, data from outbox.events`))
    .rows

test('an event is there with everything it was given, under the id that was returned', async () => {
  const data = { text: "it's \u2028", list: [1, null], nested: { a: true } }
  const id = await db.transaction(tx =>
    emit(tx, { type: 'invoice.paid', data, key: 'invoices/1', tenant: 'acme' }),
  )
  expect(await events()).toEqual([{ id, type: 'invoice.paid', key: 'invoices/1', tenant: 'acme', data }])
})

test('without a key, a tenant or data it is an event too', async () => {
  await emit(db, { type: 'a.b', data: undefined })
  expect(await events()).toMatchObject([{ type: 'a.b', key: null, tenant: null, data: null }])
})

test('it goes with the transaction that is rolled back', async () => {
  await expect(
    db.transaction(async tx => {
      await emit(tx, { type: 'a.b', data: {} })
      tx.rollback()
    }),
  ).rejects.toThrow()
  expect(await events()).toEqual([])
})
