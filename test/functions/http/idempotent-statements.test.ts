// Statements sent through outbox.run_idempotent() answer as if they had been sent directly, the first time and in repeats.
import { sql } from 'drizzle-orm'
import { beforeAll, expect, test } from 'vitest'
import { openDatabase } from '../../../functions/db.ts'
import { IdempotentStatements } from '../../../functions/http/idempotent-statements.ts'
import { freshDatabase } from '../../support/database.ts'

let settings: { databaseUrl: string; neonProxy: string }
beforeAll(async () => {
  const { env } = await freshDatabase()
  settings = { databaseUrl: env.DATABASE_URL, neonProxy: env.NEON_PROXY }
})

const remembering = (key: string) =>
  openDatabase(settings).through(new IdempotentStatements('me', [key], 'request'))

const values = [
  `it's, {so} "quoted" \\ and $1 -- not a comment`,
  9007199254740993n,
  -1.5,
  true,
  null,
  ['a', null, 'NULL', 'x,"y"', '\\'],
  new Date('2026-01-01T00:00:00.000Z'),
  new Uint8Array([0, 255]),
]
const text = `select $1::text, $2::bigint, $3::float8, $4::boolean, $5::int, $6::text[],
  $7::timestamptz = '2026-01-01 00:00Z', encode($8::bytea, 'hex'), $2::numeric / 2, 'same' as name, 'other' as name`

test('a hand-written statement keeps every kind of value, and columns of the same name', async () => {
  const statement = { name: 'values', text }
  const straight = await openDatabase(settings).run(statement, values)
  expect(await remembering('a').run(statement, values)).toEqual(straight)
  expect(await remembering('a').run(statement, [])).toEqual(straight)
})

test('a statement of the builder runs once, alone and in a batch', async () => {
  const ask = (key: string, n: number) =>
    remembering(key).build('ask', async builder => {
      const numbers = builder.execute(sql`select n, n * ${n}::int as more from generate_series(1, 2) as n`)
      return [
        (await numbers).rows,
        (await builder.batch([builder.execute(sql`select ${n}::int as n`)]))[0].rows,
      ]
    })
  const first = await ask('b', 10)
  expect(first).toEqual([
    [
      { n: 1, more: 10 },
      { n: 2, more: 20 },
    ],
    [{ n: 10 }],
  ])
  expect(await ask('b', 11)).toEqual(first)
  expect(await ask('c', 11)).not.toEqual(first)
})

test('a statement that gives no rows has its effect once', async () => {
  const plain = openDatabase(settings)
  const add = { name: 'add', text: `insert into clients (name, email) values ('Ada', $1)` }
  const one = remembering('d')
  expect([await one.run(add, ['1']), await one.run(add, ['2'])]).toEqual([[], []])
  const again = remembering('d')
  expect([
    await again.run(add, ['1']),
    await again.run(add, ['2']),
    await again.run(add, ['3']),
  ]).toHaveLength(3)
  const emails = await plain.run({ name: 'emails', text: 'select email from clients order by id' }, [])
  expect(emails).toEqual([['1'], ['2'], ['3']])
})

test('a value cannot become part of a statement', async () => {
  const [[value]] = (await remembering('e').run({ name: 'evil', text: `select $1::text -- $1` }, [
    `'); drop table clients; --\n`,
  ])) as [[string]]
  expect(value).toBe(`'); drop table clients; --\n`)
})

test('a failed statement leaves nothing behind that disturbs the next one', async () => {
  const broken = { name: 'broken', text: 'select 1 / $1::int' }
  for (let turn = 0; turn < 12; turn++) {
    await expect(remembering('f').run(broken, [0])).rejects.toMatchObject({ sqlstate: '22012' })
  }
  expect(await remembering('f').run(broken, [1])).toEqual([[1]])
})
