// Executes one request to the Neon proxy: a query, or a batch of queries in one transaction.
import type { IncomingHttpHeaders } from 'node:http'
import pg from 'pg'

interface Query {
  query: string
  params?: unknown[]
}

export type Body = Query | { queries: Query[] }

/** The request itself is invalid. Invalid SQL is a DatabaseError. */
export class BadRequest extends Error {}

export const statementsIn = (body: Body) => ('queries' in body ? body.queries.length : 1)

export async function execute(pool: pg.Pool, headers: IncomingHttpHeaders, body: Body): Promise<unknown> {
  return withClient(pool, async client => {
    if (!('queries' in body)) return run(client, body)
    await client.query(`begin ${transactionMode(headers)}`)
    try {
      const results = []
      for (const query of body.queries) results.push(await run(client, query))
      await client.query('commit')
      return { results }
    } catch (error) {
      await client.query('rollback')
      throw error
    }
  })
}

async function withClient<T>(pool: pg.Pool, use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    return await use(client)
  } catch (error) {
    // After an error that the server has reported, the connection can be used again.
    if (!(error instanceof pg.DatabaseError || error instanceof BadRequest)) broken = error as Error
    throw error
  } finally {
    client.release(broken)
  }
}

const isolationLevels: Record<string, string> = {
  ReadUncommitted: 'read uncommitted',
  ReadCommitted: 'read committed',
  RepeatableRead: 'repeatable read',
  Serializable: 'serializable',
}

/** What the request does not ask for is as the database has it. Like Neon, it hears of `read only` and not of `read write`. */
function transactionMode(headers: IncomingHttpHeaders): string {
  const wanted = headers['neon-batch-isolation-level']
  const level = wanted === undefined ? '' : isolationLevels[String(wanted)]
  if (level === undefined) throw new BadRequest('unknown isolation level')
  const modes = [
    level && `isolation level ${level}`,
    headers['neon-batch-read-only'] === 'true' && 'read only',
    headers['neon-batch-deferrable'] === 'true' && 'deferrable',
  ]
  return modes.filter(Boolean).join(', ')
}

/** Values travel as the text that Postgres prints; the driver parses them. */
const asText = { getTypeParser: () => (value: string) => value }

async function run(client: pg.PoolClient, { query, params = [] }: Query) {
  const { command, rowCount, rows, fields } = await client.query({
    text: query,
    values: params,
    rowMode: 'array',
    types: asText,
    queryMode: 'extended', // exactly one statement per query, as on Neon
  } as pg.QueryArrayConfig)
  const described = fields.map(field => ({ ...field, format: 'text' }))
  return { command, rowCount, rowAsArray: true, rows, fields: described }
}
