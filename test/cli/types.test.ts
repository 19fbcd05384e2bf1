// `outbox types`: what it writes compiles, says what webhooks really hold, and stops compiling in a receiver whose column was
// retyped. With the real compiler, on a real database.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkCatalogue } from '../../dev/outbox-check.ts'
import { codeBlocks, readPage, root } from '../docs/pages.ts'
import { atEnd } from '../support/cleanup.ts'
import { freshDatabase } from '../support/database.ts'
import { temporaryDirectory } from '../support/server.ts'
import { outbox } from './command.ts'

/** What the compiler says about these files, in a project that has only `outbox/verify` and, for zod, node_modules. */
function compile(files: Record<string, string>): string {
  const folder = temporaryDirectory()
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  const compilerOptions = {
    strict: true,
    noEmit: true,
    module: 'nodenext',
    target: 'es2024',
    lib: ['es2024', 'webworker'],
    types: [],
    skipLibCheck: false,
    allowImportingTsExtensions: true,
    paths: {
      'outbox/verify': [join(root, 'exports/verify.ts')],
      zod: [join(root, 'node_modules/zod/index.d.ts')],
    },
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  const tsc = join(root, 'node_modules/.bin/tsc')
  return spawnSync(tsc, ['-p', '.'], { cwd: folder, encoding: 'utf8' }).stdout
}

const everyType = `
  create type mood as enum ('sad', 'it''s "fine"');
  create type pair as (a int, b text);
  create table odd (
    id int primary key, small smallint, big bigint, price numeric(12, 2) not null, ratio double precision, ok boolean not null,
    word text not null, code varchar(5), uid uuid, doc json, docs jsonb not null, feels mood, moods mood[] not null,
    words text[], grid int[][], raw bytea, day date, at timestamptz not null, lasts interval, place point, two pair, during tstzrange
  );
  select outbox.watch('odd');`
const rows = `
  insert into odd (id, price, ok, word, docs, moods, at) values (1, 'NaN', true, '', '1', '{}', 'infinity');
  update odd set small = 1, big = 9007199254740993, price = 1.50, ratio = '-Infinity', code = 'x', uid = '00000000-0000-0000-0000-000000000001',
    doc = '{"a":[1]}', docs = '[null]', feels = 'sad', moods = '{sad,NULL}', words = '{a,NULL}', raw = '\\xcafe', day = 'infinity', at = now(),
    lasts = '1 day', place = '(1,2)', two = (1, 'x'), during = '[today,)';
  delete from odd;`

/** An optional line and a statement: the type of a field must be exactly this. */
const isExactly = (field: string, type: string) =>
  `{ const exact: Same<EventData['odd.created']['new'][${JSON.stringify(field)}], ${type}> = true; void exact }`

test('every column has the type that its JSON has, and real webhooks fit, with TypeScript and with zod', async () => {
  const { url, connect } = await freshDatabase()
  const db = await connect()
  await db.query(everyType)
  await db.query(rows)
  const env = { DATABASE_URL_UNPOOLED: url }
  const types = outbox(['types'], { env })
  expect(types.exitCode, types.stderr).toBe(0)
  const { rows: events } = await db.query('select type, data::text from outbox.events order by id')
  expect(events.map(({ type }) => type)).toEqual(['odd.created', 'odd.updated', 'odd.deleted'])
  const bodies = events.map(
    ({ type, data }) => `{"type":"${type}","timestamp":"2026-10-01T12:00:00Z","data":${data}}`,
  )
  const same = `type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false`
  const exact = [
    ['id', 'number'],
    ['small', 'number | null'],
    ['big', 'number | null'],
    ['price', `number | 'NaN' | 'Infinity' | '-Infinity'`],
    ['ok', 'boolean'],
    ['word', 'string'],
    ['code', 'string | null'],
    ['docs', 'unknown'],
    ['feels', `'sad' | 'it\\'s "fine"' | null`],
    ['moods', `readonly ('sad' | 'it\\'s "fine"' | null)[]`],
    ['words', 'readonly (string | null)[] | null'],
    ['at', 'string'],
    ['two', 'unknown'],
  ] as const
  const source = [
    `import type { EventData, Events } from './events.js'`,
    same,
    ...exact.map(([field, type]) => isExactly(field, type)),
    `export const bodies: Events[] = [${bodies.join(', ')}]`,
  ].join('\n')
  expect(compile({ 'events.d.ts': types.stdout, 'probe.ts': source })).toBe('')

  const folder = mkdtempSync(join(root, 'node_modules/.types-')) // from where zod resolves
  atEnd(() => rmSync(folder, { recursive: true }))
  const out = join(folder, 'events.ts')
  expect(outbox(['types', '--zod', '--out', out], { env })).toMatchObject({ exitCode: 0, stderr: '' })
  const zod = readFileSync(out, 'utf8')
  expect(
    compile({
      'events.ts': zod,
      'probe.ts': source
        .replace('EventData, Events', 'Events')
        .replace(
          same,
          `${same}\ntype EventData = { [T in Events['type']]: Extract<Events, { type: T }>['data'] }`,
        )
        .replaceAll('readonly ', ''),
    }),
  ).toBe('')
  const schemas = await import(out)
  for (const body of bodies) expect(schemas.events.parse(JSON.parse(body))).toEqual(JSON.parse(body))
  const [created] = bodies.map(body => JSON.parse(body))
  created.data.new.word = 1
  expect(schemas.events.safeParse(created)).toMatchObject({ success: false })
})

test('the same catalogue gives the same bytes, from the database, from a file and from the API; --check says so', async () => {
  const { url } = await freshDatabase()
  const cwd = temporaryDirectory()
  const env = { DATABASE_URL_UNPOOLED: url }
  const first = outbox(['types'], { env })
  await checkCatalogue(url, { file: join(cwd, 'catalogue.json'), write: true })
  const fromFile = outbox(['types', '--from', 'catalogue.json'], { cwd })
  expect(fromFile).toMatchObject({ exitCode: 0, stdout: first.stdout })
  const answer = JSON.stringify({ data: JSON.parse(readFileSync(join(cwd, 'catalogue.json'), 'utf8')) })
  expect(outbox(['types', '--from', '-'], { cwd, input: answer }).stdout).toBe(first.stdout)

  const write = ['types', '--from', 'catalogue.json', '--out', 'events.d.ts', '--json']
  expect(outbox([...write, '--check'], { cwd })).toMatchObject({ exitCode: 7 })
  expect(existsSync(join(cwd, 'events.d.ts'))).toBe(false)
  expect(JSON.parse(outbox(write, { cwd }).stdout)).toMatchObject({ out: 'events.d.ts', changed: true })
  const { mtimeMs } = statSync(join(cwd, 'events.d.ts'))
  expect(JSON.parse(outbox(write, { cwd }).stdout)).toMatchObject({
    changed: false,
    event_types: expect.arrayContaining(['order.shipped', 'outbox.endpoint.disabled']),
  })
  expect(statSync(join(cwd, 'events.d.ts')).mtimeMs).toBe(mtimeMs)
  expect(outbox([...write, '--check'], { cwd })).toMatchObject({ exitCode: 0 })
})

test('names with any characters, and types that several tables make, compile', async () => {
  const { url, connect } = await freshDatabase()
  const db = await connect()
  await db.query(`
    create table "a*/b'\\ \n""" (id int primary key, "it's" text, "__proto__" int, "*/ }" int, "1" int, "constructor" text);
    create table one (id int primary key, name text not null);
    create table two (id int primary key, price int not null);
    select outbox.watch('"a*/b''\\ \n"""', type => 'odd.{operation}');
    select outbox.watch('one', type => 'thing.made', fields => '{"name": "NEW.name"}', operations => '{insert}');
    select outbox.watch('two', type => 'thing.made', fields => '{"price": "NEW.price"}', operations => '{insert}');
    select outbox.watch('orders', type => 'thing_made', operations => '{insert}')`)
  const env = { DATABASE_URL_UNPOOLED: url }
  const [types, zod] = [outbox(['types'], { env }).stdout, outbox(['types', '--zod'], { env }).stdout]
  const probe = `import type { EventOf, Events } from './events.js'
    export const data: EventOf<'thing.made'>['data'][] = [{ name: 'x' }, { price: 1 }]
    export function probe(event: Events) {
      if (event.type === 'thing_made') return event.data.new.id
      return event.type === 'thing.made' ? event.data : null
    }`
  expect(types).toContain(`readonly 'it\\'s': string | null`)
  expect(compile({ 'events.d.ts': types, 'probe.ts': probe, 'zod.ts': zod })).toBe('')
})

test('a column that was retyped or dropped: the catalogue’s gate says so, and the receiver compiles no longer', async () => {
  const { url, connect } = await freshDatabase()
  const db = await connect()
  await db.query(`
    create table invoices (id int primary key, status text not null, amount_cents int not null);
    select outbox.watch('invoices')`)
  const [receiver] = codeBlocks(readPage('docs/receivers.md'), 'ts').filter(code =>
    code.includes('verify<Events>'),
  )
  const env = { DATABASE_URL_UNPOOLED: url }
  const compiled = () => {
    const { stdout, stderr } = outbox(['types'], { env })
    expect(stderr).toBe('')
    return compile({ 'events.d.ts': stdout, 'receiver.ts': receiver! })
  }
  const file = join(temporaryDirectory(), 'catalogue.json')
  const gate = () => checkCatalogue(url, { file, write: false })
  await checkCatalogue(url, { file, write: true })
  expect(compiled()).toBe('')

  await db.query(`alter table invoices alter amount_cents type text`)
  expect(await gate()).toMatchObject({
    ok: false,
    text: expect.stringContaining(
      'invoices.updated: new: amount_cents was {"type":"integer"} and is {"type":"string"}',
    ),
  })
  expect(compiled()).toMatch(/^receiver\.ts.*error TS2362/)
  await db.query(`alter table invoices alter amount_cents type int using amount_cents::int`)
  expect([(await gate()).ok, compiled()]).toEqual([true, ''])

  await db.query(`alter table invoices drop amount_cents; select outbox.watch('invoices')`)
  expect(await gate()).toMatchObject({ ok: false, text: expect.stringContaining('amount_cents is gone') })
  expect(compiled()).toMatch(/^receiver\.ts.*error TS2339/)
})

test('a folder that is not there is a mistake of usage', () => {
  const catalogue = join(root, 'functions/shop/outbox-catalogue.json')
  const { exitCode, stderr } = outbox(['types', '--from', catalogue, '--out', 'no/such/events.d.ts'])
  expect([exitCode, stderr]).toEqual([2, 'The file no/such/events.d.ts cannot be written (ENOENT).\n'])
})
