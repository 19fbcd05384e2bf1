// Every hand-written statement is understood by the migrated database: a renamed column is found here, not at night.
import { expect, test } from 'vitest'
import { statements } from '../../drizzle/queries.gen.ts'
import { freshDatabase } from '../support/database.ts'

test('every statement can be prepared', async () => {
  const client = await (await freshDatabase()).connect()
  for (const { name, text } of statements) {
    await expect(client.query(`prepare ${name} as ${text}`), name).resolves.toBeDefined()
  }
})

test('a statement that names a missing column can not be prepared', async () => {
  const client = await (await freshDatabase()).connect()
  const { text } = statements.find(({ name }) => name === 'heartbeat')!
  await expect(
    client.query(`prepare broken as ${text.replace('leased_until', 'leased_till')}`),
  ).rejects.toThrow(/leased_till/)
})
