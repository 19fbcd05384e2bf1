// GET /healthz, on a schema that fits these functions and on others.
import { expect, test } from 'vitest'
import { schemaVersion } from '../../../drizzle/schema-version.gen.ts'
import { freshDatabase } from '../../support/database.ts'
import { testSettings } from '../../support/settings.ts'
import { startWorker } from '../../support/worker.ts'
import { startApi } from '../api.ts'

const atVersion = (version: number, worksWith: number) =>
  `create or replace function outbox.schema_version(out version int, out works_with int)
     language sql immutable as 'select ${version}, ${worksWith}'`

test('it is fine on the functions’ own schema and on a newer one that still knows them', async () => {
  const api = await startApi()
  expect((await api.get('/healthz')).body).toEqual({ status: 'ok', driver: 'neon' })
  await api.db.query(atVersion(schemaVersion + 1, schemaVersion))
  expect((await api.get('/healthz')).body).toEqual({ status: 'ok', driver: 'neon' })
})

test('on an older schema, and on one that left them behind, it answers 503 and says what to run', async () => {
  const api = await startApi()
  await api.db.query(atVersion(schemaVersion - 1, schemaVersion - 1))
  const older = await api.get('/healthz')
  expect([older.status, older.body.detail]).toEqual([
    503,
    `The schema outbox is at ${schemaVersion - 1}, and this needs ${schemaVersion}: run \`outbox migrate\`.`,
  ])
  await api.db.query(atVersion(schemaVersion + 2, schemaVersion + 1))
  const newer = await api.get('/healthz')
  expect([newer.status, newer.body.detail]).toEqual([
    503,
    expect.stringContaining('install a newer version of outbox'),
  ])
})

test('without the schema every route answers 503 and says what to run', async () => {
  const { env } = await freshDatabase({ empty: true })
  const worker = await startWorker({ ...testSettings, ...env })
  for (const path of ['/healthz', '/v1/events', '/v1/stats']) {
    const answer = await worker.fetch(path, { headers: { authorization: 'Bearer dev' } })
    expect(answer.status, path).toBe(503)
    expect(await answer.json()).toMatchObject({ detail: expect.stringContaining('run `outbox migrate`') })
  }
})
