// The writers' cost: how many updates a second remain when every one of them is captured?
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type pg from 'pg'
import type { Environment } from '../environment.ts'
import { type Bench, type Scenario, takeTurns } from '../scenario.ts'
import { startListener } from '../subjects/outbox.ts'

const run = promisify(execFile)
const rows = 100_000
/** Rows of one large update. */
const block = 1_000

interface Capture {
  readonly name: string
  /** Turns the uncaptured table into a captured one. */
  readonly sql?: string
  readonly statement: 'single' | 'single, not watched'
  /** False: no listener claims the events, because claiming is another cost than the trigger's. */
  readonly listens?: boolean
}

/** Watched for one column, so that updates of the other make no event. */
const watch = `select outbox.watch('public.bench_rows', operations => '{update}', when_changed => '{n}')`
const database = (setting: string) =>
  `do $$ begin execute format('alter database %I set ${setting}', current_database()); end $$`
const silent = `${database('outbox.notify = off')}; ${watch}`
/**
 * The smallest possible cost of a trigger that keeps the change: the same JSON and key into a table without index, id,
 * time or fan-out.
 */
const bare = `${watch};
  create table public.bench_kept (data json, key text);
  do $$
  declare
    data text := (select outbox.data_sql(relation, 'update', options) from outbox.watches
                  where relation = 'public.bench_rows'::regclass);
  begin
    perform outbox.unwatch('public.bench_rows');
    execute format('create function public.keep() returns trigger language plpgsql as %L', format(
      'begin insert into public.bench_kept values (%s, concat(%L, NEW.id)); return null; end', data, 'bench_rows/'));
  end $$;
  create trigger keep after update on public.bench_rows for each row when (old.n is distinct from new.n)
    execute function public.keep()`

const captures: Capture[] = [
  { name: 'not captured', statement: 'single' },
  { name: 'bare trigger, no outbox', sql: bare, statement: 'single', listens: false },
  { name: 'captured, not claimed', sql: silent, statement: 'single', listens: false },
  { name: 'captured, no wake-up', sql: silent, statement: 'single' },
  { name: 'captured, quiet wake-up', sql: watch, statement: 'single' },
  {
    name: 'captured, plain NOTIFY',
    sql: `${silent};
      create function public.tell() returns trigger language plpgsql as $$ begin notify bench; return null; end $$;
      create trigger tell after update on public.bench_rows for each row execute function public.tell()`,
    statement: 'single',
  },
  { name: 'filtered out', sql: watch, statement: 'single, not watched' },
]

const scripts = {
  single: `\\set id random(1, ${rows})\nupdate bench_rows set n = n + 1 where id = :id;\n`,
  'single, not watched': `\\set id random(1, ${rows})\nupdate bench_rows set other = other + 1 where id = :id;\n`,
  block: `\\set b random(0, ${rows / block - 1})\nupdate bench_rows set n = n + 1 where id > :b * ${block} and id <= (:b + 1) * ${block};\n`,
}

export const writers: Scenario = {
  name: 'writers',
  question: 'How many updates a second remain when each is captured, with a listener at work?',
  async run(bench) {
    if (!(await hasPgbench())) {
      bench.note(
        'Skipped: it needs pgbench on the PATH. It is part of Postgres (Debian: postgresql-contrib).',
      )
      return
    }
    bench.note(
      'pgbench, prepared statements. Held commits: commit_delay of 2 ms with commit_siblings 0, as slow disks do.',
    )
    await singleRows(bench)
    await largeUpdates(bench)
  },
}

async function singleRows({ environment, quick, rounds, record }: Bench): Promise<void> {
  for (const commits of ['fast', 'held at 2 ms'] as const) {
    for (const clients of quick ? [16] : [1, 16, 64]) {
      await takeTurns(rounds, captures, async capture => {
        const value = await updatesPerSecond(environment, capture, {
          script: scripts[capture.statement],
          clients,
          seconds: quick ? 2 : 8,
          commitDelay: commits === 'fast' ? 0 : 2_000,
        })
        const variant = `${clients} ${clients === 1 ? 'writer' : 'writers'}, commits ${commits}`
        record({ variant, subject: capture.name, metric: 'rate', unit: 'updates/s', value })
      })
    }
  }
}

async function largeUpdates({ environment, quick, rounds, record }: Bench): Promise<void> {
  const whole = captures.filter(capture => capture.statement === 'single')
  await takeTurns(rounds, whole, async capture => {
    const value = await updatesPerSecond(environment, capture, {
      script: scripts.block,
      clients: 1,
      seconds: quick ? 2 : 8,
      commitDelay: 0,
    })
    const variant = '1 writer, 1,000 rows in each update'
    record({ variant, subject: capture.name, metric: 'rate', unit: 'updates/s', value })
  })
}

interface Load {
  readonly script: string
  readonly clients: number
  readonly seconds: number
  /** Microseconds. */
  readonly commitDelay: number
}

/**
 * There is no endpoint, so the listener claims the events and sends nothing: the wake-up is compared, and sending would
 * take the same CPU in all cases. Without notifications, the listener polls about as fast as one under load.
 */
async function updatesPerSecond(
  environment: Environment,
  { sql, listens = true }: Capture,
  load: Load,
): Promise<number> {
  const database = await environment.outboxDatabase()
  await prepare(database.client, sql, load.commitDelay)
  const listener = listens
    ? await startListener(environment, database, { OUTBOX_POLL_SECONDS: '0.05' })
    : null
  const listening = await database.connect()
  await listening.query('listen bench')
  const dir = mkdtempSync(join(tmpdir(), 'outbox-bench-'))
  writeFileSync(join(dir, 'script.sql'), load.script)
  try {
    const common = [
      '-n',
      '-M',
      'prepared',
      '-f',
      join(dir, 'script.sql'),
      '-c',
      String(load.clients),
      '-j',
      '2',
    ]
    if (load.clients === 1) common[common.length - 1] = '1'
    await run('pgbench', [...common, '-T', '1', database.url]) // warms up; after it the listener is polling
    const { stdout } = await run('pgbench', [...common, '-T', String(load.seconds), database.url])
    return Number(/^tps = ([\d.]+)/m.exec(stdout)![1])
  } finally {
    rmSync(dir, { recursive: true })
    await listening.end()
    await listener?.stop()
    await database.drop()
  }
}

async function prepare(
  client: pg.Client,
  captureSql: string | undefined,
  commitDelay: number,
): Promise<void> {
  await client.query(`
    create table public.bench_rows (id bigint primary key, n bigint not null, other bigint not null) with (fillfactor = 70);
    insert into public.bench_rows select id, 0, 0 from generate_series(1, ${rows}) id;
    analyze public.bench_rows;
    ${database(`commit_delay = ${commitDelay}`)};
    ${database('commit_siblings = 0')};
    ${captureSql ?? ''}`)
}

const hasPgbench = () =>
  run('pgbench', ['--version']).then(
    () => true,
    () => false,
  )
