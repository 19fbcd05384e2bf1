// graphile-worker, as its page on performance recommends: a local queue of 500 and completions in batches for throughput,
// neither for latency, because both delay work a little.
import { join } from 'node:path'
import { Logger, run, runMigrations } from 'graphile-worker'
import { inFlight, type Job, job, jobSql } from '../event.ts'
import { openPoolWriter, queueSubject, senderFrom } from './subject.ts'

const file = join(import.meta.dirname, 'graphile-worker.ts')

/** By default it logs every job; at such volumes an operator wants only the failures. */
const logger = new Logger(() => (level, message) => {
  if (level === 'error' || level === 'warning') console.error(message)
})

export const graphileWorker = queueSubject({
  name: 'graphile-worker',
  async createDatabase(environment) {
    const database = await environment.emptyDatabase()
    await runMigrations({ connectionString: database.url, logger })
    return database
  },
  startSender: senderFrom(file),
  async writeMany(client, from, count, { endpoints }) {
    await client.query(
      `select count(*) from graphile_worker.add_jobs((
         select array_agg(row('webhook', (${jobSql('n', 'n % $3')})::json, null, null, null, null, null, null)::graphile_worker.job_spec)
         from generate_series($1::bigint, $1 + $2::bigint - 1) n))`,
      [from, count, endpoints],
    )
  },
  openWriter: async database =>
    openPoolWriter(database, {
      name: 'add_job',
      text: `select graphile_worker.add_job('webhook', $1::json)`,
      values: (n, endpoint) => [job(n, endpoint)],
    }),
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
