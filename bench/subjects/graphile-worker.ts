// graphile-worker, as https://worker.graphile.org/docs/performance recommends. For throughput the batching of the page's own
// record: a local queue of 500, completions without a delay. For latency no local queue, which the page advises for jobs that
// must run at once, and no batches of completions, which it leaves open: without them jobs began sooner here.
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
  const tuning =
    process.env.TUNED_FOR === 'latency'
      ? { concurrentJobs: 24 }
      : {
          concurrentJobs: inFlight,
          localQueue: { size: 500 },
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
        }
  const runner = await run({
    preset: {
      worker: {
        connectionString: process.env.DATABASE_URL!,
        maxPoolSize: inFlight + 2,
        logger,
        ...tuning,
      },
    },
    taskList: { webhook: (data, { job: { id } }) => post(`job_${id}`, data as Job) },
    parsedCronItems: [],
  })
  console.log('ready')
  await runner.promise
}
