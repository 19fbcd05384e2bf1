// graphile-worker, as its page on performance recommends: for throughput a local queue of 500 and completions in batches,
// for latency neither, because both hold work back for a moment.
import { join } from 'node:path'
import { Logger, run, runMigrations } from 'graphile-worker'
import pg from 'pg'
import { inFlight, type Job, job, jobSql } from '../event.ts'
import { startProcess } from '../process.ts'
import { queueContestant, senderEnvironment } from './subject.ts'

const file = join(import.meta.dirname, 'graphile-worker.ts')

/** By default it writes a line for every job; an operator of such volumes wants the failures. */
const logger = new Logger(() => (level, message) => {
  if (level === 'error' || level === 'warning') console.error(message)
})

export const graphileWorker = queueContestant({
  name: 'graphile-worker',
  async createDatabase(ground) {
    const database = await ground.emptyDatabase()
    await runMigrations({ connectionString: database.url, logger })
    return database
  },
  startSender: (ground, database, setup) =>
    startProcess([file], { guard: ground.guard, env: senderEnvironment(ground, database, setup) }),
  async writeMany(client, from, count, { endpoints }) {
    await client.query(
      `select count(*) from graphile_worker.add_jobs((
         select array_agg(row('webhook', (${jobSql('n', 'n % $3')})::json, null, null, null, null, null, null)::graphile_worker.job_spec)
         from generate_series($1::bigint, $1 + $2::bigint - 1) n))`,
      [from, count, endpoints],
    )
  },
  async openWriter({ url }) {
    const pool = new pg.Pool({ connectionString: url, max: 16 })
    return {
      write: (n, endpoint) =>
        pool.query({
          name: 'add_job',
          text: `select graphile_worker.add_job('webhook', $1::json)`,
          values: [job(n, endpoint)],
        }),
      close: () => pool.end(),
    }
  },
  isDone: 'select not exists (select from graphile_worker._private_jobs)',
})

if (import.meta.main) {
  const { post } = await import('../post.ts')
  const batching =
    process.env.TUNED_FOR === 'latency'
      ? {}
      : { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 }
  const runner = await run({
    preset: {
      worker: {
        connectionString: process.env.DATABASE_URL!,
        concurrentJobs: process.env.TUNED_FOR === 'latency' ? 24 : inFlight,
        maxPoolSize: inFlight + 2,
        logger,
        ...batching,
      },
    },
    taskList: { webhook: (data, { job: { id } }) => post(`job_${id}`, data as Job) },
    parsedCronItems: [],
  })
  console.log('ready')
  await runner.promise
}
