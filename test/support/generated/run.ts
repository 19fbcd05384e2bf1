// One generated schema from its first table to its last change: after each step the writes, the events, explain and the catalogue
// are compared with what the test expects of them.
import type pg from 'pg'
import { randomFrom } from '../../../dev/random.ts'
import { createTable, type Execute, randomSchema } from './build.ts'
import { sqlName, type Table, tablesOf, words } from './model.ts'
import { quote } from './names.ts'
import { bounded, compare, defaultKey, expectedEvents, type Images, readImages } from './oracle.ts'
import { type Scenario, steps, watch } from './steps.ts'
import { createOwnTypes } from './types.ts'
import { anyWrite } from './write.ts'

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
      await checkExplained()
      // A list of all tables takes its time.
      if (n % 4 === 3) await checkLists()
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
    await checkExplained()
    await checkLists()
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
    const statement = anyWrite(random, table, rowNumbers)
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

  /** Nothing that answers questions may raise, and what it says must fit. */
  async function checkExplained() {
    await client.query(`begin; ${pinned}`)
    const table = random.pick(tablesOf(schema), 1)[0]!
    await checkExplain(table, await readImages(client, table))
    await client.query(
      `select outbox.explain(outbox.event_id(id, nonce)) from (select id, nonce from outbox.events order by id desc limit 1) as latest`,
    )
    await client.query('commit')
  }

  async function checkLists() {
    const { rows: types } = await client.query('select type from outbox.event_types()')
    const known = new Set(types.map(({ type }) => type))
    for (const { name, watch } of tablesOf(schema)) {
      for (const operation of watch?.operations ?? []) {
        const isEven = watch!.hasTypeSql && operation !== 'truncate'
        const type = `${watch!.type}.${isEven ? 'even' : words[operation]}`
        if (!known.has(type)) throw new Error(`the catalogue lacks ${type} of ${name}: it has ${[...known]}`)
      }
    }
    const health = await client.query('select name, healthy, advice from outbox.capture_health()')
    for (const { name, advice } of health.rows) {
      // Nobody has touched a trigger. A dropped table is said to be dropped.
      if (name === 'broken_triggers' && / (missing|disabled|only for)/.test(advice))
        throw new Error(`health says: ${advice}`)
      if (/cannot be checked/.test(advice)) throw new Error(`health says: ${advice}`)
    }
  }

  async function checkExplain(table: Table, images: Images) {
    const [row] = images.values()
    const { watch } = table
    const isKnown = row && watch && !watch.keyColumn?.dropped
    const text = isKnown ? (watch.keyColumn ? null : bounded(defaultKey(watch, row))) : null
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
