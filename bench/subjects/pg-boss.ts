// pg-boss, as its documentation recommends for much work and little delay. https://pgboss.io/api/queues: a partition for a
// large queue, `notify` to wake workers. https://pgboss.io/api/workers: batches, several workers in a process
// (`localConcurrency`), no pause between full batches, and a result for each job, so that one failure repeats one webhook.
// While notifications arrive, polling is only a backstop, and the page says not to tune it.
import { join } from 'node:path'
import { PgBoss } from 'pg-boss'
import { inFlight, type Job, job } from '../event.ts'
import { openWriterPool, queueSubject, senderFrom } from './subject.ts'

const file = join(import.meta.dirname, 'pg-boss.ts')
const queue = 'webhooks'

/** Only the sender does maintenance. */
const quiet = { supervise: false, schedule: false }

export const pgBoss = queueSubject({
  name: 'pg-boss',
  async createDatabase(environment) {
    const database = await environment.emptyDatabase()
    const boss = await new PgBoss({ connectionString: database.url, ...quiet }).start()
    await boss.createQueue(queue, { notify: true, partition: true })
    await boss.stop()
    return database
  },
  startSender: senderFrom(file),
  async writeMany(client, from, count, { endpoints }) {
    const boss = new PgBoss({ db: { executeSql: (text, values) => client.query(text, values) }, ...quiet })
    await boss.start()
    const jobs = Array.from({ length: count }, (_, i) => ({ data: job(from + i, (from + i) % endpoints) }))
    for (let i = 0; i < count; i += 10_000) await boss.insert(queue, jobs.slice(i, i + 10_000))
    await boss.stop()
  },
  async openWriter({ url }) {
    // Not its own pool, which gives up after 10 s: a writer that cannot keep pace should be late, not fail.
    const pool = openWriterPool(url)
    const boss = new PgBoss({ db: { executeSql: (text, values) => pool.query(text, values) }, ...quiet })
    await boss.start()
    return {
      write: (n, endpoint) => boss.send(queue, job(n, endpoint)),
      async close() {
        await boss.stop()
        await pool.end()
      },
    }
  },
  isDone: `select not exists (select from pgboss.job where name = '${queue}' and state < 'completed')`,
})

if (import.meta.main) {
  const { post } = await import('../post.ts')
  const boss = new PgBoss({ connectionString: process.env.DATABASE_URL!, max: 16, useListenNotify: true })
  boss.on('error', console.error)
  await boss.start()
  // The documentation names no sizes. These were the best of those tried (batches of 50 to 1,000 for two to eight workers).
  // For little delay, small batches: a worker's next fetch waits for its whole batch.
  const sizes =
    process.env.TUNED_FOR === 'latency'
      ? { batchSize: 8, localConcurrency: 4 }
      : { batchSize: inFlight, localConcurrency: 4 }
  await boss.work<Job>(queue, { ...sizes, burstWhenBatchFull: true, perJobResults: true }, jobs =>
    Promise.all(
      jobs.map(({ id, data }) =>
        post(id, data).then(
          () => ({ id, status: 'completed' as const }),
          () => ({ id, status: 'failed' as const }),
        ),
      ),
    ),
  )
  console.log('ready')
  process.on('SIGTERM', () => boss.stop({ graceful: false }).then(() => process.exit(0)))
}
