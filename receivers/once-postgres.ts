// Drops repeats of webhooks in Postgres: the receiver's work and the mark that it was done are one transaction.

/** pg's Pool, or another whose connections take `query(text, values)`, such as Neon's. */
export interface PostgresPool<Client extends PostgresClient> {
  connect(): Promise<Client>
  /** As pg declares it: without it TypeScript would take the type of the connection from the wrong declaration. */
  connect(callback: never): unknown
}

export interface PostgresClient {
  query(text: string, values?: unknown[]): Promise<{ rowCount: number | null; command?: string }>
  release(destroy?: boolean): void
  on?(event: 'error', listener: () => void): unknown
  removeListener?(event: 'error', listener: () => void): unknown
}

/** done: the work was done now. repeat: it was done before, and nothing was done now. */
export type Once = 'done' | 'repeat'

/**
 * `receiver` names what the work is for. Two endpoints may bring the same event to the same database, and each has its own
 * work to do.
 *
 * A second attempt that comes while the first is at work waits for it, then is a repeat, or does the work if the first
 * failed. After a crash there is no mark, because the transaction is gone. The work must use the connection that it is given.
 */
export function onceInPostgres<Client extends PostgresClient>(pool: PostgresPool<Client>, receiver: string) {
  return async (webhookId: string, work: (client: Client) => Promise<unknown>): Promise<Once> => {
    const client = await pool.connect()
    // pg tells a lost connection twice: to the statement, and as an event that ends the process if nobody listens.
    client.on?.('error', ignore)
    let isOver = false
    try {
      await client.query('begin')
      const { rowCount } = await client.query(markInPostgres, [receiver, webhookId])
      if (rowCount === 1) await work(client)
      const { command } = await client.query('commit')
      isOver = true
      if (command === 'ROLLBACK')
        throw new Error('nothing was committed: a statement of the work failed, and the work went on')
      return rowCount === 1 ? 'done' : 'repeat'
    } finally {
      client.removeListener?.('error', ignore)
      // Closing the connection rolls back, also where the server no longer answers.
      client.release(!isOver)
    }
  }
}

const ignore = () => {}

/** For a transaction of your own, in any ORM: one row if the webhook is new, none if it is a repeat. */
export const markInPostgres =
  'insert into webhook_receipts (receiver, webhook_id) values ($1, $2) on conflict do nothing returning webhook_id'
