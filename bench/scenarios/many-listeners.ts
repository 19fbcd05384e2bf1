// Many listeners: do they get in each other's way, or in Postgres's?
import { setTimeout as sleep } from 'node:timers/promises'
import { countingStatements } from '../cost-meter.ts'
import type { Database } from '../environment.ts'
import { delaysAtPace } from '../paced.ts'
import { familyCpuSeconds } from '../proc.ts'
import { type Bench, type Scenario, takeTurns } from '../scenario.ts'
import { openOutboxWriter } from '../subjects/outbox.ts'
import { type OutboxSystem, pathsTo, startOutbox } from '../subjects/outbox-system.ts'

const endpoints = 20
const perSecond = 500

export const manyListeners: Scenario = {
  name: 'many-listeners',
  question: 'What do 5 and 20 listeners on one database cost it, compared with one?',
  async run(bench) {
    if (process.platform !== 'linux')
      return bench.note('Skipped: it reads the CPU time of Postgres from /proc.')
    bench.note(
      'On two cores twenty listeners share the CPU that one had, so delays are of little meaning there.',
    )
    await countingStatements(bench.environment.admin, () =>
      takeTurns(bench.rounds, [1, 5, 20], listeners => measure(bench, listeners)),
    )
  },
}

async function measure(bench: Bench, listeners: number): Promise<void> {
  const { environment, quick } = bench
  const system = await startOutbox(environment, { paths: pathsTo(endpoints), listeners })
  const variant = `${listeners} listener${listeners === 1 ? '' : 's'}`
  const record = (metric: string, unit: string, value: number) =>
    bench.record({ variant, subject: 'Outbox', metric, unit, value })
  await system.deliver(quick ? 200 : 2_000)

  const count = perSecond * (quick ? 2 : 15)
  const loaded = await costOf(bench, system, () => writePaced(bench, system.database, { count, perSecond }))
  record('Postgres CPU, 500/s', 'µs per webhook', (loaded.cpuSeconds / count) * 1e6)
  for (const [name, { calls, milliseconds }] of loaded.statements) {
    record(`${name}, 500/s`, 'per webhook', calls / count)
    record(`${name}, time of one`, 'ms', milliseconds / calls)
  }
  record('p99 delay, 500/s', 'ms', loaded.p99Ms)

  const alone = quick ? 5 : 40
  const single = await costOf(bench, system, () =>
    writePaced(bench, system.database, { count: alone, perSecond: 4 }),
  )
  for (const [name, { calls }] of single.statements)
    record(`${name}, an event alone`, 'per event', calls / alone)
  record('p99 delay, an event alone', 'ms', single.p99Ms)

  const seconds = quick ? 5 : 30
  const idle = await costOf(bench, system, async () => {
    await sleep(seconds * 1000)
    return 0
  })
  const calls = Array.from(idle.statements.values(), statement => statement.calls)
  record('statements, idle', 'per second', calls.reduce((a, b) => a + b, 0) / seconds)
  record('Postgres CPU, idle', '% of a core', (idle.cpuSeconds / seconds) * 100)
  await system.stop()
}

/** Returns the p99 of the delays in milliseconds. */
async function writePaced(
  { environment }: Bench,
  database: Database,
  pace: { count: number; perSecond: number },
): Promise<number> {
  const writer = await openOutboxWriter(database)
  const delays = await delaysAtPace(writer, environment.receiver, { ...pace, endpointOf: n => n % endpoints })
  await writer.close()
  return delays.toSorted((a, b) => a - b)[Math.floor(delays.length * 0.99)]!
}

interface Statements {
  readonly calls: number
  readonly milliseconds: number
}

async function costOf({ environment }: Bench, { database }: OutboxSystem, run: () => Promise<number>) {
  const { admin, postgresPid } = environment
  await admin.query('select pg_stat_statements_reset()')
  const before = familyCpuSeconds(postgresPid)
  const p99Ms = await run()
  const cpuSeconds = familyCpuSeconds(postgresPid) - before
  const { rows } = await admin.query(statementsByKind, [database.name])
  const statements = new Map<string, Statements>(rows.map(({ kind, ...rest }) => [kind, rest]))
  return { p99Ms, cpuSeconds, statements }
}

/** By words that only one statement has. */
const statementsByKind = `
  select case when query ~ 'insert into outbox.delivery_groups' then 'fan_out'
              when query ~ 'locked_lane as materialized' then 'claim'
              when query ~ 'pg_listening_channels' then 'heartbeat'
              when query ~ 'insert into outbox.delivered_at_once' then 'settle'
              when query ~ 'outbox.emit' then 'emit'
              else 'other' end as kind,
         sum(calls)::float8 as calls, sum(total_exec_time)::float8 as milliseconds
  from pg_stat_statements s join pg_database d on d.oid = s.dbid
  where d.datname = $1
  group by 1`
