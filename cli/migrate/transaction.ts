// One transaction on a connection of its own, one at a time in each database.
import pg from 'pg'

/** Two migrators that start at once (a deploy, two containers) take turns. Any constant will do. */
export const oneAtATime = 'select pg_advisory_xact_lock(7283620145)'

/** A migration that waits for a lock on a table holds up everybody who comes after it. */
export const ratherFail = `set local lock_timeout = '3s'`

/** Names without a schema mean the same whatever the user's search_path is. */
export const plainNames = 'set local search_path = public'

interface Transaction<T> {
  result: T
  /** What Postgres said in passing, such as that a role could not be created. */
  notices: string[]
}

export async function inTransaction<T>(
  url: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<Transaction<T>> {
  const client = new pg.Client({ connectionString: url, application_name: 'outbox-migrate' })
  const notices: string[] = []
  client.on('error', () => {}) // what waits for the client is rejected
  client.on('notice', ({ message }) => message && notices.push(message))
  await client.connect()
  try {
    await client.query('begin isolation level read committed')
    await client.query(oneAtATime)
    await client.query(ratherFail)
    await client.query(plainNames)
    const result = await work(client)
    await client.query('commit')
    return { result, notices }
  } finally {
    await client.end() // in the middle of an error this rolls back
  }
}
