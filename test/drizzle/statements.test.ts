// Every hand-written statement is understood by the migrated database: a renamed column is found here, not at night.
import { expect, test } from 'vitest'
import * as queries from '../../drizzle/queries.gen.ts'
import { freshDatabase } from '../support/database.ts'

test('every statement can be prepared', async () => {
  const client = await (await freshDatabase()).connect()
  for (const [name, text] of Object.entries(queries)) {
    await expect(client.query(`prepare ${name} as ${text}`), name).resolves.toBeDefined()
  }
})

test('a statement that names a column which is not there cannot', async () => {
  const client = await (await freshDatabase()).connect()
  await expect(
    client.query(`prepare broken as ${queries.heartbeat.replace('leased_until', 'leased_till')}`),
  ).rejects.toThrow(/leased_till/)
})
