// The database over HTTP: what callers learn when a statement fails.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sql } from 'drizzle-orm'
import { beforeAll, expect, test } from 'vitest'
import { DatabaseError, openDatabase } from '../../functions/db.ts'
import { atEnd } from '../support/cleanup.ts'
import { freshDatabase } from '../support/database.ts'

let settings: { databaseUrl: string; neonProxy: string }
beforeAll(async () => {
  const { env } = await freshDatabase()
  settings = { databaseUrl: env.DATABASE_URL, neonProxy: env.NEON_PROXY }
})

const failure = (statement: Promise<unknown>) =>
  statement.then(
    () => null,
    (error: unknown) => error as DatabaseError,
  )

test('a hand-written statement gives rows in the order of its columns, ids and times as text', async () => {
  const { run } = openDatabase(settings)
  const text = `select 9007199254740993::bigint, timestamptz '2026-01-01 00:00Z', array['a', $1], null, 1.5::float8`
  expect(await run({ name: 'types', text }, ["it's, {so}"])).toEqual([
    ['9007199254740993', expect.stringMatching(/^2026-01-01/), ['a', "it's, {so}"], null, 1.5],
  ])
})

test('the error of a refused statement holds its name and SQLSTATE, but no bound value', async () => {
  const { run, build } = openDatabase(settings)
  const divide = sql`select 1 / (length(${'CANARY'}) - 6)`
  const statements = [
    () => run({ name: 'divide', text: 'select 1 / (length($1) - 6)' }, ['CANARY']),
    () => build('divide', builder => builder.execute(divide)),
    () => build('divide', builder => builder.batch([builder.execute(divide)])),
  ]
  for (const statement of statements) {
    const error = await failure(statement())
    expect(error).toBeInstanceOf(DatabaseError)
    expect(error).toMatchObject({ statement: 'divide', sqlstate: '22012', isUnavailable: false })
    expect(`${error} ${JSON.stringify(error)} ${error?.stack}`).not.toContain('CANARY')
  }
})

test.each(['57P03', '08006', '53300', '25006', '40001', '55P03', '57014'])(
  'SQLSTATE %s counts as unavailable',
  sqlstate => expect(new DatabaseError('x', sqlstate).isUnavailable).toBe(true),
)

test.each(['42P01', '23505', '22P02', '25001', 'P0001'])('SQLSTATE %s counts as our mistake', sqlstate =>
  expect(new DatabaseError('x', sqlstate).isUnavailable).toBe(false),
)

test('a statement that gets no answer fails at the deadline', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  atEnd(() => silent.closeAllConnections())
  atEnd(() => silent.close())
  const neonProxy = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
  const { run } = openDatabase({ ...settings, neonProxy }, { deadlineSeconds: 0.1 })
  expect(await failure(run({ name: 'wait', text: 'select 1' }, []))).toMatchObject({
    name: 'DatabaseError',
    sqlstate: null,
    isUnavailable: true,
  })
})
