// What everybody must be able to do to take part, and the part that all who keep their work in Postgres have in common.
import type pg from 'pg'
import { monotonicMs, untilTrue } from '../clock.ts'
import type { Database, Ground } from '../environment.ts'
import type { Process } from '../process.ts'

export interface Setup {
  /** Event n is for endpoint n modulo this. */
  readonly endpoints: number
  /** Some must choose between the two; the others need not. */
  readonly tunedFor: 'throughput' | 'latency'
}

export interface Contestant {
  readonly name: string
  /** Brings up everything in a database of its own. */
  enter(ground: Ground, setup: Setup): Promise<Running>
}

export interface Running {
  /** Seconds from the commit of so many events until the last 2xx is durably recorded. */
  drain(count: number): Promise<number>
  leave(): Promise<void>
}

/** One that events can be committed to one by one. */
export interface Queue extends Running {
  readonly database: Database
  readonly sender: Process
  openWriter(): Promise<Writer>
  /** Resolves when everything has been recorded as sent. */
  untilDone(): Promise<void>
}

export interface Writer {
  /** Resolves when the event is committed. */
  write(n: number, endpoint: number): Promise<unknown>
  close(): Promise<void>
}

/** What makes one of them different from the others. */
export interface QueueParts {
  readonly name: string
  createDatabase(ground: Ground, setup: Setup): Promise<Database>
  startSender(ground: Ground, database: Database, setup: Setup): Promise<Process>
  /** Writes events `from` to `from + count - 1` inside the transaction that `client` has open. */
  writeMany(client: pg.Client, from: number, count: number, setup: Setup): Promise<void>
  openWriter(database: Database): Promise<Writer>
  /** One query, true when nothing is left to send. */
  readonly isDone: string
}

export interface QueueContestant extends Contestant {
  enter(ground: Ground, setup: Setup): Promise<Queue>
}

export function queueContestant(parts: QueueParts): QueueContestant {
  return { name: parts.name, enter: (ground, setup) => enter(parts, ground, setup) }
}

async function enter(parts: QueueParts, ground: Ground, setup: Setup): Promise<Queue> {
  const database = await parts.createDatabase(ground, setup)
  const { client } = database
  const sender = await parts.startSender(ground, database, setup)
  await ground.receiver.reset()
  let written = 0
  const untilDone = () => untilTrue(() => database.isTrue(parts.isDone))
  return {
    database,
    sender,
    openWriter: () => parts.openWriter(database),
    untilDone,
    async drain(count) {
      await client.query('begin')
      await parts.writeMany(client, written, count, setup)
      written += count
      const start = monotonicMs()
      await client.query('commit')
      await ground.receiver.until(written)
      await untilDone()
      const seconds = (monotonicMs() - start) / 1000
      await ground.receiver.expectHonest(parts.name, written)
      return seconds
    },
    async leave() {
      await sender.stop()
      await database.drop()
    },
  }
}

/** What the senders of job queues find in their environment. */
export const senderEnvironment = ({ receiver }: Ground, database: Database, { tunedFor }: Setup) => ({
  DATABASE_URL: database.url,
  RECEIVER_URL: receiver.url,
  BENCH_SECRET: receiver.secret,
  TUNED_FOR: tunedFor,
})
