// What a queue costs its server: CPU, write-ahead log, statements, and the room its tables take.
import type pg from 'pg'
import type { Database, Environment } from './environment.ts'
import { familyCpuSeconds } from './proc.ts'
import { costOf } from './process.ts'
import type { Queue } from './subjects/subject.ts'

export interface Counters {
  /** All processes of the server, also those that have ended. */
  readonly postgresCpuSeconds: number
  readonly senderCpuSeconds: number
  readonly walBytes: number
  readonly statements: number
  /** Transaction ids in use. A transaction that only reads has none. */
  readonly writingTransactions: number
}

/** Statements of sessions that begin meanwhile are counted. */
export async function countingStatements(admin: pg.Client, run: () => Promise<void>): Promise<void> {
  await admin.query('create extension if not exists pg_stat_statements')
  // A setting of roles, because it prevails over the server's command line.
  await admin.query(`alter role all set pg_stat_statements.track = 'top'`)
  try {
    await run()
  } finally {
    await admin.query('alter role all reset pg_stat_statements.track')
  }
}

export async function readCounters(environment: Environment, queue: Queue): Promise<Counters> {
  // Times first: the query below costs the server something too.
  const postgresCpuSeconds = familyCpuSeconds(environment.postgresPid)
  const senderCpuSeconds = costOf(queue.sender.pid).cpuSeconds
  const { rows } = await environment.admin.query({ text: serverCounters, values: [queue.database.name] })
  return { postgresCpuSeconds, senderCpuSeconds, ...rows[0] }
}

/** Floats, because the driver returns bigint as text. */
const serverCounters = `
  select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::float8 as "walBytes",
         pg_snapshot_xmax(pg_current_snapshot())::text::float8 as "writingTransactions",
         (select coalesce(sum(calls), 0)::float8
          from pg_stat_statements s join pg_database d on d.oid = s.dbid
          where d.datname = $1) as statements`

export interface Sizes {
  /** Tables and indexes, TOAST included. */
  readonly allBytes: number
  /** The same without Outbox's events, which are the caller's data. */
  readonly withoutEventsBytes: number
}

export async function readSizes({ client }: Database): Promise<Sizes> {
  const { rows } = await client.query(`
    with relation as (
      select pg_total_relation_size(c.oid)::float8 as bytes,
             coalesce(pg_partition_root(c.oid), c.oid) is distinct from to_regclass('outbox.events') as not_events
      from pg_class c
      where c.relkind = 'r' and c.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
    )
    select sum(bytes) as "allBytes", sum(bytes) filter (where not_events) as "withoutEventsBytes" from relation`)
  return rows[0]
}
