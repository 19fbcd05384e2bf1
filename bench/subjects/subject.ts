// The interface of every subject of the benchmark, and the implementation that all queues in Postgres share.
import pg from 'pg'
import { monotonicMs, untilTrue } from '../clock.ts'
import type { Database, Environment } from '../environment.ts'
import { type Process, startProcess } from '../process.ts'

export interface Setup {
  /** Event n is for endpoint n modulo this. */
  readonly endpoints: number
  /** Instead, Outbox fans each event out to all endpoints. A job queue has a job for each webhook all the same. */
  readonly fansOut?: boolean
  /** Some subjects need different settings for each. */
  readonly tunedFor: 'throughput' | 'latency'
}

export interface Subject {
  readonly name: string
  /** Starts it in a database of its own. */
  start(environment: Environment, setup: Setup): Promise<RunningSubject>
}

export interface RunningSubject {
  /** Seconds from the commit of `count` events until the last 2xx is durably recorded. */
  drain(count: number): Promise<number>
  stop(): Promise<void>
}

/** A subject to which events can be committed one by one. */
export interface Queue extends RunningSubject {
  readonly database: Database
  readonly sender: Process
  /** `beforeCommit` runs when the events are written but not yet committed. */
  drain(count: number, beforeCommit?: () => Promise<void>): Promise<number>
  openWriter(): Promise<Writer>
  /** Resolves when every event is recorded as sent. */
  untilDone(): Promise<void>
}

export interface Writer {
  /** Resolves when the event is committed. */
  write(n: number, endpoint: number): Promise<unknown>
  close(): Promise<void>
}

/** The parts that differ between queues. */
export interface QueueParts {
  readonly name: string
  createDatabase(environment: Environment, setup: Setup): Promise<Database>
  startSender(environment: Environment, database: Database, setup: Setup): Promise<Process>
  /** Writes events `from` to `from + count - 1` inside the transaction that `client` has open. */
  writeMany(client: pg.Client, from: number, count: number, setup: Setup): Promise<void>
  openWriter(database: Database): Promise<Writer>
  /** A query that returns true when nothing is left to send. */
  readonly isDone: string
}

export interface QueueSubject extends Subject {
  start(environment: Environment, setup: Setup): Promise<Queue>
}

export function queueSubject(parts: QueueParts): QueueSubject {
  return { name: parts.name, start: (environment, setup) => start(parts, environment, setup) }
}

async function start(parts: QueueParts, environment: Environment, setup: Setup): Promise<Queue> {
  const database = await parts.createDatabase(environment, setup)
  const { client } = database
  const sender = await parts.startSender(environment, database, setup)
  await environment.receiver.reset()
  let written = 0
  const untilDone = () => untilTrue(() => database.isTrue(parts.isDone))
  return {
    database,
    sender,
    openWriter: () => parts.openWriter(database),
    untilDone,
    async drain(count, beforeCommit) {
      await client.query('begin')
      await parts.writeMany(client, written, count, setup)
      written += count
      await client.query('set constraints all immediate') // checks that wait for the commit belong to the writing
      await beforeCommit?.()
      const start = monotonicMs()
      await client.query('commit')
      await environment.receiver.until(written)
      await untilDone()
      const seconds = (monotonicMs() - start) / 1000
      await environment.receiver.expectExactly(parts.name, written)
      return seconds
    },
    async stop() {
      await sender.stop()
      await database.drop()
    },
  }
}

/** Runs `file` as the sender of a job queue. */
export const senderFrom =
  (file: string): QueueParts['startSender'] =>
  ({ guard, receiver }, { url }, { tunedFor }) =>
    startProcess([file], {
      guard,
      env: {
        DATABASE_URL: url,
        RECEIVER_URL: receiver.url,
        BENCH_SECRET: receiver.secret,
        TUNED_FOR: tunedFor,
      },
    })

/** Writes each event with one statement, over as many connections as all writers have. */
export function openPoolWriter(
  { url }: Database,
  { name, text, values }: { name: string; text: string; values(n: number, endpoint: number): unknown[] },
): Writer {
  const pool = openWriterPool(url)
  return {
    write: (n, endpoint) => pool.query({ name, text, values: values(n, endpoint) }),
    close: () => pool.end(),
  }
}

export const openWriterPool = (url: string) => new pg.Pool({ connectionString: url, max: 16 })
