// Refuses a pooler in transaction mode. It lends a backend for each transaction, so LISTEN is lost, a session's lock and
// settings stay with other clients, and prepared statements are looked for where they are not.
import pg from 'pg'

/** A pooler mostly lends the backend that was returned last. Where it does not, several rounds make a repetition likely. */
const rounds = 5
const message =
  'DATABASE_URL_UNPOOLED leads through a pooler in transaction mode, where LISTEN, locks and prepared statements do not ' +
  'work. Set it to the direct connection string, or to a pool in session mode.'

export class TransactionPoolingError extends Error {
  readonly code = 'TRANSACTION_POOLING'
  constructor() {
    super(message)
  }
}

/** Rejects with that error, or with one of the driver if the database cannot be asked. */
export async function refuseTransactionPooling(config: pg.ClientConfig): Promise<void> {
  const clients = [new pg.Client(config), new pg.Client(config)]
  for (const client of clients) client.on('error', () => {}) // it rejects what waits for the client, too
  try {
    await Promise.all(clients.map(client => client.connect()))
    if (await shareBackends(clients)) throw new TransactionPoolingError()
  } finally {
    for (const client of clients) client.end().catch(() => {})
  }
}

/** Two sessions that are open at the same time have two backends, and keep them. */
async function shareBackends(clients: readonly pg.Client[]): Promise<boolean> {
  const seen = new Set<number>()
  for (let round = 0; round < rounds; round++)
    for (const client of clients) seen.add((await client.query('select pg_backend_pid() as pid')).rows[0].pid)
  return seen.size !== clients.length
}
