// A connection for the duration of one call. test/support/database.ts has connections for a whole test file.
import pg from 'pg'

export async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {}) // what waits for it is rejected
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}
