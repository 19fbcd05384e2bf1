// The look of a listener that sleeps: one statement on a connection that ends right after it.
import pg from 'pg'
import { nextDue } from '../../drizzle/queries.gen.ts'
import { runOn } from '../database.ts'

/** A database that scales to zero has to start first. */
const timeoutMs = 20_000

/** In how many milliseconds something is due; null = nothing waits. */
export async function findDueInMs(connectionString: string): Promise<number | null> {
  const client = new pg.Client({
    connectionString,
    application_name: 'outbox-look',
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
  })
  client.on('error', () => {}) // what waits for it is rejected
  await client.connect()
  try {
    const { dueIn } = await nextDue(runOn(client), { maintains: true })
    return dueIn === null ? null : dueIn * 1000
  } finally {
    await client.end()
  }
}
