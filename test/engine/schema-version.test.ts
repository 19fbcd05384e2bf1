// Rolling upgrades: a listener on a schema of another version. The old one goes on with a newer schema that still knows it;
// on any other it is not ready, says what to run, and delivers as soon as that was done.
import type pg from 'pg'
import { beforeEach, expect, test } from 'vitest'
import { migrateProduct } from '../../cli/migrate/product.ts'
import { schemaVersion } from '../../drizzle/schema-version.gen.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { addEndpoint, emit, startTestListener } from '../support/outbox.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'

let db: TestDatabase
let client: pg.Client
let receiver: Receiver
beforeEach(async () => {
  db = await freshDatabase()
  client = await db.connect()
  receiver = await startReceiver()
  await addEndpoint(client, { url: receiver.url })
})

/** As a migration of that version would leave it. */
async function setVersion(version: number, worksWith: number) {
  await client.query(
    `create or replace function outbox.schema_version(out version int, out works_with int)
       language sql immutable as 'select ${version}, ${worksWith}';
     update outbox.function_files set sha256 = 'other' where name = 'functions/schema_version.sql'`,
  )
}

async function readiness(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`)
  return `${answer.status} ${(await answer.text()).trim()}`
}

test('on a newer schema that still knows it, a listener is ready and delivers', async () => {
  await setVersion(schemaVersion + 1, schemaVersion)
  const listener = await startTestListener(db.url)
  await eventually(async () => expect(await readiness(listener.healthPort)).toBe('200 ready'))
  await emit(client)
  await receiver.waitFor(1)
})

test.each<[string, () => Promise<unknown>, string]>([
  [
    'older',
    () => setVersion(schemaVersion - 1, schemaVersion - 1),
    `the schema outbox is at ${schemaVersion - 1}, and this needs ${schemaVersion}: run \`outbox migrate\``,
  ],
  [
    'unfinished',
    () => client.query(`update outbox.function_files set sha256 = 'other' where name = 'functions/wake.sql'`),
    '1 of its function files are not those of this version: run `outbox migrate`',
  ],
])(
  'on a schema that is %s it is not ready and sends nothing, and after the migration it delivers',
  async (_, make, sentence) => {
    await make()
    await emit(client)
    const listener = await startTestListener(db.url, { OUTBOX_POLL_SECONDS: '0.1' })
    await eventually(async () => expect(await readiness(listener.healthPort)).toContain(sentence))
    expect(await readiness(listener.healthPort)).toMatch(/^503 cannot use the database: /)
    expect(receiver.requests).toHaveLength(0)
    await migrateProduct(db.url)
    await receiver.waitFor(1)
    await eventually(async () => expect(await readiness(listener.healthPort)).toBe('200 ready'))
  },
)

test('on a schema that no longer works with it, a listener that runs is not ready any more', async () => {
  const listener = await startTestListener(db.url, { OUTBOX_POLL_SECONDS: '0.1' })
  await eventually(async () => expect(await readiness(listener.healthPort)).toBe('200 ready'))
  await setVersion(schemaVersion + 2, schemaVersion + 1)
  await eventually(async () =>
    expect(await readiness(listener.healthPort)).toContain(
      '503 cannot use the database: the schema outbox is at',
    ),
  )
})

test('in a database without the schema a listener asks for the migration, and delivers after it', async () => {
  const empty = await freshDatabase({ empty: true })
  const listener = await startTestListener(empty.url)
  await eventually(async () =>
    expect(await readiness(listener.healthPort)).toBe(
      '503 cannot use the database: the schema outbox is not in this database: run `outbox migrate`',
    ),
  )
  await migrateProduct(empty.url)
  await eventually(async () => expect(await readiness(listener.healthPort)).toBe('200 ready'))
})
