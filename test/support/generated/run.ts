// One generated schema from its first table to its last change: after each step the writes, the events, explain and the catalogue
// are compared with what the test expects of them.
import { isDeepStrictEqual } from 'node:util'
import type pg from 'pg'
import { randomFrom } from '../../../dev/random.ts'
import { createTable, type Execute, randomSchema } from './build.ts'
import { live, sqlName, type Table, tablesOf, words } from './model.ts'
import { literal, quote } from './names.ts'
import { bounded, defaultKey, type ExpectedEvent, expectedEvents, type Images, readImages } from './oracle.ts'
import { type Scenario, steps, watch } from './steps.ts'
import { anyValue, createOwnTypes } from './types.ts'

/** Postgres refuses these for reasons of its own: dependencies, casts, constraints, sizes. */
const fairForAlter = /^(2BP01|0A000|42804|42P16|428C9|22...|23...|54000)$/
const fairForWrite = /^(22...|23...|54000|428C9)$/

/** Everything prints as events print it. */
const pinned = `set local role none; set local timezone = 'UTC'; set local datestyle = 'ISO'; set local intervalstyle = 'iso_8601';
  set local bytea_output = 'hex'; set local extra_float_digits = 1; set local search_path = pg_catalog`

export interface Outcome {
  /** What was done, statement by statement. */
  readonly log: string[]
  readonly problem: string | null
  /** Watches that outbox.watch() refused. */
  readonly refused: string[]
  readonly events: number
}

export interface Roles {
  readonly owners: readonly string[]
  readonly writer: string
}

export async function runSchema(
  client: pg.Client,
  seed: number,
  { owners, writer }: Roles,
  stepCount = 12,
): Promise<Outcome> {
  const random = randomFrom(seed)
  const schema = randomSchema(random, seed, owners)
  const log: string[] = []
  const refused: string[] = []
  const rowNumbers = new Map<Table, number>()
  let watches = 0
  let events = 0
  let problem: string | null = null

  const execute: Execute = async (statement, role) => {
    log.push(role ? `set local role ${role}; ${statement}` : statement)
    await client.query('begin')
    try {
      if (role) await client.query(`set local role ${role}`)
      await client.query(statement)
      await client.query('commit')
    } catch (error) {
      await client.query('rollback')
      throw error
    }
  }
  const scenario: Scenario = { random, schema, writer, execute, nextWatch: () => seed * 1000 + ++watches }

  try {
    await setUp()
    for (let n = 0; n < stepCount; n++) {
      await takeStep()
      const table = random.pick(tablesOf(schema), 1)[0]!
      for (let writes = random.between(1, 2); writes > 0; writes--) await write(table)
      await check()
    }
  } catch (error) {
    problem = (error as Error).message
  } finally {
    await client.query('rollback')
    await cleanUp()
  }
  return { log, problem, refused, events }

  async function setUp() {
    const namespaces = [...schema.namespaces.map(({ name }) => name), schema.types.schema]
    for (const name of namespaces) {
      await execute(`create schema ${quote(name)}; grant usage on schema ${quote(name)} to public`)
      for (const owner of owners) await execute(`grant create on schema ${quote(name)} to ${owner}`)
    }
    await execute(createOwnTypes(schema.types))
    for (const table of schema.tables) {
      await createTable(random, schema, table, writer, execute)
      if (random.chance(0.9)) await allowRefusal(() => watch(scenario, table))
      for (let writes = 0; writes < 3; writes++) await write(table)
    }
    await check()
  }

  async function takeStep() {
    const [name, step] = random.pick(weighted, 1)[0]!
    log.push(`-- ${name}`)
    const table = random.pick(tablesOf(schema), 1)[0]!
    await allowRefusal(async () => {
      try {
        await step(scenario, table)
      } catch (error) {
        if (!fairForAlter.test((error as pg.DatabaseError).code ?? '') || isRefusal(error)) throw error
        log.push(`-- refused by Postgres: ${(error as Error).message}`)
      }
    })
  }

  async function allowRefusal(work: () => Promise<void>) {
    try {
      await work()
    } catch (error) {
      if (!isRefusal(error)) throw error
      refused.push((error as Error).message)
      log.push(`-- ${(error as Error).message}`)
    }
  }

  async function write(table: Table) {
    const statement = anyWrite(table)
    if (!statement) return
    const settings = random.pick(otherSettings, 1)[0]!
    await client.query(`begin; ${pinned}`)
    try {
      const before = await readImages(client, table)
      const { rows: last } = await client.query('select coalesce(max(id), 0) as id from outbox.events')
      await client.query(`${settings}; set local role ${writer}`)
      log.push(`set local role ${writer}; ${settings}; ${statement}`)
      await client.query(statement)
      await client.query(`set constraints all immediate; ${pinned}`)
      const after = await readImages(client, table)
      const actual = await client.query(
        'select type, key, tenant, data::text from outbox.events where id > $1',
        [last[0].id],
      )
      compare(expectedEvents(table, before, after, statement.startsWith('truncate')), actual.rows)
      events += actual.rows.length
      await client.query('commit')
    } catch (error) {
      await client.query('rollback')
      if (!fairForWrite.test((error as pg.DatabaseError).code ?? '')) throw error
      log.push(`-- refused by Postgres: ${(error as Error).message}`)
    }
  }

  function anyWrite(table: Table): string {
    const [number] = table.columns
    const columns = live(table).filter(column => column !== number && !column.generated)
    const value = (column: (typeof columns)[number], row: number) => {
      const isInKey = table.key.includes(column) && random.chance(0.9)
      if (isInKey && /^(int[48]|numeric)$/.test(String(column.kind.sql))) return String(row)
      if (isInKey && column.kind.sql === 'text')
        return literal(`${random.pick(column.kind.values, 1)[0]}${row}`)
      return anyValue(random, column.kind, column.nullable && !table.key.includes(column))
    }
    const some = () => `${quote(number!.name)} % ${random.between(1, 3)} = 0`
    const draw = random.between(1, 20)
    if (draw === 1) return `truncate ${sqlName(table)}`
    if (draw <= 3) return `delete from ${sqlName(table)} where ${some()}`
    if (draw <= 5 && columns.length > 0) {
      const column = random.pick(columns, 1)[0]!
      return `update ${sqlName(table)} set ${quote(column.name)} = ${quote(column.name)}`
    }
    if (draw <= 12 && columns.length > 0) {
      const set = random.pick(columns, random.between(1, Math.min(2, columns.length)))
      const row = random.between(1, 20)
      return `update ${sqlName(table)} set ${set.map(column => `${quote(column.name)} = ${value(column, row)}`).join()} where ${some()}`
    }
    const rows = Array.from({ length: random.between(1, 2) }, () => {
      const row = (rowNumbers.get(table) ?? 0) + 1
      rowNumbers.set(table, row)
      return `(${[String(row), ...columns.map(column => value(column, row))].join()})`
    })
    return `insert into ${sqlName(table)} (${[number!, ...columns].map(column => quote(column.name)).join()}) values ${rows.join()}`
  }

  /** Nothing that answers questions may raise, and what it says must fit. */
  async function check() {
    await client.query(`begin; ${pinned}`)
    for (const table of tablesOf(schema)) await checkExplain(table, await readImages(client, table))
    const { rows: types } = await client.query('select type from outbox.event_types()')
    const known = new Set(types.map(({ type }) => type))
    for (const { name, watch } of tablesOf(schema)) {
      for (const operation of watch?.operations ?? []) {
        const type = `${watch!.type}.${watch!.hasTypeSql && operation !== 'truncate' ? 'even' : words[operation]}`
        if (!known.has(type))
          throw new Error(`the catalogue lacks ${type} of ${name}: it has ${[...known].join()}`)
      }
    }
    const health = await client.query('select name, healthy, advice from outbox.capture_health()')
    for (const line of health.rows) {
      // A dropped table is said to be dropped.
      if (line.name === 'broken_triggers' && / (missing|disabled|only for)/.test(line.advice))
        throw new Error(`health says: ${line.advice}`)
    }
    await client.query(
      `select outbox.explain(outbox.event_id(id, nonce)) from (select id, nonce from outbox.events order by id desc limit 1) as latest`,
    )
    await client.query('commit')
  }

  async function checkExplain(table: Table, images: Images) {
    const [row] = images.values()
    const { watch } = table
    const isKnown = row && watch && !watch.keyColumn?.dropped
    const text = isKnown ? (watch.keyColumn ? null : bounded(defaultKey(table, watch, row))) : null
    const key =
      text ?? random.pick(['', 'nope', `${table.name}/1`, `${watch?.tableName}/x/y`, "'", '"'], 1)[0]!
    const { rows } = await client.query('select passed, message from outbox.explain_row($1, $2)', [
      sqlName(table),
      key,
    ])
    const messages = rows.map(({ message }) => message as string)
    // Until somebody repairs it, a capture runs with the rights of the table's former owner, who may not read the table.
    const isForeign = messages.some(message => message.includes('runs with the rights of'))
    const unexpected = watch
      ? [
          'There is no table',
          'is not watched.',
          ...(text === null || isForeign ? [] : ['There is no row', 'Could not']),
        ]
      : ['There is no table', 'is watched since']
    const wrong = messages.find(message => unexpected.some(part => message.includes(part)))
    if (wrong) throw new Error(`explain_row(${sqlName(table)}, ${key}) says: ${wrong}`)
  }

  async function cleanUp() {
    for (const table of tablesOf(schema))
      await client.query(`drop table ${sqlName(table)} cascade`).catch(() => {})
    for (const { name } of [...schema.namespaces, { name: schema.types.schema }])
      await client.query(`drop schema ${quote(name)} cascade`).catch(() => {})
    await client.query('select * from outbox.repair()')
    const left = await client.query('select relation::oid from outbox.watches')
    for (const { relation } of left.rows)
      await client.query('select outbox.unwatch($1::oid::regclass)', [relation])
  }
}

const weighted = steps.flatMap(([name, weight, step]) =>
  Array.from({ length: weight }, () => [name, step] as const),
)

/** What a writer's session may be set to. */
const otherSettings = [
  `set local search_path = ''`,
  `set local timezone = 'Asia/Tokyo'; set local datestyle = 'German, DMY'`,
  `set local intervalstyle = 'postgres_verbose'; set local bytea_output = 'escape'; set local extra_float_digits = -10`,
  `set local search_path = ext, public, pg_catalog; set local datestyle = 'SQL, MDY'`,
]

const isRefusal = (error: unknown) => /^outbox\.watch: /.test((error as Error).message)

function compare(
  expected: ExpectedEvent[],
  rows: { type: string; key: string | null; tenant: string | null; data: string }[],
) {
  const actual = rows.map(({ data, ...rest }) => ({ ...rest, data: JSON.parse(data) }))
  const rest = [...actual]
  const missing = expected.filter(event => {
    const at = rest.findIndex(one =>
      isDeepStrictEqual(
        { ...one, ...(event.key === undefined ? { key: undefined, tenant: undefined } : {}) },
        { key: undefined, tenant: undefined, ...event },
      ),
    )
    if (at >= 0) rest.splice(at, 1)
    return at < 0
  })
  if (missing.length > 0 || rest.length > 0) {
    throw new Error(
      `expected and missing:\n${missing.map(show).join('\n')}\nnot expected:\n${rest.map(show).join('\n')}`,
    )
  }
}

const show = (event: unknown) => JSON.stringify(event).slice(0, 3000)
