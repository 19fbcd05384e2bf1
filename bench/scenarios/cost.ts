// Cost: what does one delivered webhook cost in CPU, log, statements and disk?
import { type Counters, countingStatements, readCounters, readSizes } from '../cost-meter.ts'
import { delaysAtPace } from '../paced.ts'
import { type Bench, type Scenario, takeTurns } from '../scenario.ts'
import { withServerSettings } from '../server-settings.ts'
import { graphileWorker } from '../subjects/graphile-worker.ts'
import { outbox } from '../subjects/outbox.ts'
import { pgBoss } from '../subjects/pg-boss.ts'
import type { Queue, QueueSubject, Setup } from '../subjects/subject.ts'

const subjects = [outbox, pgBoss, graphileWorker]
const perSecond = 200

/** Delivers `count` webhooks, and returns the counters from just before them. */
type Deliver = (bench: Bench, queue: Queue, count: number, endpoints: number) => Promise<Counters>

interface Load {
  readonly name: string
  readonly tunedFor: 'throughput' | 'latency'
  readonly count: number
  readonly deliver: Deliver
}

export const cost: Scenario = {
  name: 'cost',
  question: 'What does a delivered webhook cost: CPU of Postgres and of the sender, log, statements, disk?',
  async run(bench) {
    const { quick, rounds, note, environment } = bench
    const { admin } = environment
    if (process.platform !== 'linux') return note('Skipped: it reads the CPU time of Postgres from /proc.')
    for (const text of remarks) note(text)
    const many = quick ? 500 : 10_000
    const full: Load = {
      name: 'full load',
      tunedFor: 'throughput',
      count: quick ? 2_000 : 30_000,
      deliver: allAtOnce,
    }
    const steady: Load = {
      name: `${perSecond} per second`,
      tunedFor: 'latency',
      count: perSecond * (quick ? 2 : 10),
      deliver: paced,
    }
    const takeAllTurns = async () => {
      for (const endpoints of [1, 20]) {
        for (const load of [full, steady])
          await takeTurns(rounds, subjects, subject => measure(bench, subject, { endpoints }, load))
      }
      // Not at a steady rate: an event for all of them would come every 50 seconds.
      const fanOut = { endpoints: many, fansOut: true }
      await takeTurns(rounds, subjects, subject => measure(bench, subject, fanOut, full))
    }
    await withServerSettings(admin, { autovacuum: 'off' }, () => countingStatements(admin, takeAllTurns))
  },
}

const remarks = [
  'At full load the counters start before the commit of all events; at 200 per second they include the writing.',
  'Tables with their indexes and TOAST, from one VACUUM to the next; without events = without the callers’ data.',
  'No autovacuum: what that VACUUM costs has figures of its own.',
  'With 10,000 endpoints Outbox fans each event out to all of them; the others have a job for each webhook.',
]

async function measure(
  bench: Bench,
  subject: QueueSubject,
  target: Omit<Setup, 'tunedFor'>,
  load: Load,
): Promise<void> {
  const { environment } = bench
  const { endpoints } = target
  const queue = await subject.start(environment, { ...target, tunedFor: load.tunedFor })
  const { client } = queue.database
  // A sender is fast once its code is compiled, and reads an endpoint with its first event: neither is measured.
  await queue.drain(Math.max(bench.quick ? 500 : 20_000, endpoints))
  await client.query('vacuum analyze')
  const sizeBefore = await readSizes(queue.database)
  const before = await load.deliver(bench, queue, load.count, endpoints)
  const after = await readCounters(environment, queue)
  await client.query('vacuum')
  const vacuumed = await readCounters(environment, queue)
  const size = await readSizes(queue.database)
  await queue.stop()

  const variant = `${endpoints.toLocaleString('en')} endpoint${endpoints === 1 ? '' : 's'}, ${load.name}`
  const record = (metric: string, unit: string, total: number) =>
    bench.record({ variant, subject: subject.name, metric, unit, value: total / load.count })
  const cpu = (from: Counters, to: Counters) => (to.postgresCpuSeconds - from.postgresCpuSeconds) * 1e6
  record('Postgres CPU', 'µs', cpu(before, after))
  record('sender CPU', 'µs', (after.senderCpuSeconds - before.senderCpuSeconds) * 1e6)
  record('WAL', 'bytes', after.walBytes - before.walBytes)
  record('statements', 'per webhook', after.statements - before.statements)
  record('writing transactions', 'per webhook', after.writingTransactions - before.writingTransactions)
  record('VACUUM, CPU', 'µs', cpu(after, vacuumed))
  record('VACUUM, WAL', 'bytes', vacuumed.walBytes - after.walBytes)
  // The fewer events of a steady rate fit into what the warm-up has left free.
  if (load.deliver !== allAtOnce) return
  record('tables', 'bytes', size.allBytes - sizeBefore.allBytes)
  if (subject === outbox)
    record('without events', 'bytes', size.withoutEventsBytes - sizeBefore.withoutEventsBytes)
}

const allAtOnce: Deliver = async ({ environment }, queue, count) => {
  let before: Counters | undefined
  await queue.drain(count, async () => {
    before = await readCounters(environment, queue)
  })
  return before!
}

const paced: Deliver = async ({ environment }, queue, count, endpoints) => {
  const writer = await queue.openWriter()
  const before = await readCounters(environment, queue)
  await delaysAtPace(writer, environment.receiver, { count, perSecond, endpointOf: n => n % endpoints })
  await queue.untilDone()
  await writer.close()
  return before
}
