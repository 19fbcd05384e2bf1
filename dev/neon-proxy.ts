// A local stand-in for Neon's edge: SQL over HTTP, one POST per query or per batch. Development and tests only.
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import pg from 'pg'

interface Query {
  query: string
  params?: unknown[]
}

export interface NeonProxy {
  url: string
  /** Round trips so far, and the statements they carried. */
  stats: { requests: number; statements: number }
  stop(): Promise<void>
}

interface Options {
  port: number
  host?: string
  /** Connections per database. */
  connections?: number
}

export async function startNeonProxy({
  port,
  host = '127.0.0.1',
  connections = 10,
}: Options): Promise<NeonProxy> {
  const stats = { requests: 0, statements: 0 }
  const pools = new Map<string, pg.Pool>()

  const poolFor = (request: IncomingMessage) => {
    const url = request.headers['neon-connection-string']
    if (typeof url !== 'string') throw new BadRequest('missing Neon-Connection-String header')
    const known = pools.get(url)
    if (known) return known
    const pool = new pg.Pool({ connectionString: withName(url), max: connections })
    pool.on('error', () => {}) // an idle connection was cut; the pool opens another one
    pools.set(url, pool)
    return pool
  }

  const answer = async (request: IncomingMessage): Promise<Answer> => {
    if (request.url === '/stats') return { status: 200, body: stats }
    if (request.method !== 'POST' || request.url !== '/sql')
      return { status: 404, body: { message: 'not found' } }
    stats.requests++
    try {
      const pool = poolFor(request)
      const body = (await json(request)) as Query | { queries: Query[] }
      const queries = 'queries' in body ? body.queries : [body]
      stats.statements += queries.length
      const results = await withClient(pool, client =>
        'queries' in body
          ? inTransaction(client, request, () => runAll(client, queries))
          : runAll(client, queries),
      )
      return { status: 200, body: 'queries' in body ? { results } : results[0] }
    } catch (error) {
      return refusal(error)
    }
  }

  const server = createServer(async (request, response) => {
    const { status, body } = await answer(request)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  server.listen(port, host)
  await once(server, 'listening')

  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    stats,
    async stop() {
      server.close()
      server.closeAllConnections()
      await Promise.all([...pools.values()].map(pool => pool.end()))
    },
  }
}

interface Answer {
  status: number
  body: unknown
}

class BadRequest extends Error {}

/** Under this name our connections can be told from an application's own. */
function withName(connectionString: string): string {
  const url = new URL(connectionString)
  url.searchParams.set('application_name', 'neon-proxy')
  return url.href
}

async function withClient<T>(pool: pg.Pool, use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    return await use(client)
  } catch (error) {
    // After an error the server has told us about, the connection is as good as new.
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

async function inTransaction<T>(
  client: pg.PoolClient,
  { headers }: IncomingMessage,
  work: () => Promise<T>,
): Promise<T> {
  const wanted = headers['neon-batch-isolation-level']
  const level = wanted === undefined ? 'read committed' : isolationLevels[String(wanted)]
  if (!level) throw new BadRequest('unknown isolation level')
  const readOnly = headers['neon-batch-read-only'] === 'true' ? 'read only' : 'read write'
  const deferrable = headers['neon-batch-deferrable'] === 'true' ? 'deferrable' : 'not deferrable'
  await client.query(`begin isolation level ${level}, ${readOnly}, ${deferrable}`)
  try {
    const result = await work()
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}

async function runAll(client: pg.PoolClient, queries: Query[]) {
  const results = []
  for (const query of queries) results.push(await run(client, query))
  return results
}

/** Values travel as the text Postgres prints: types are the driver's business. */
const asText = { getTypeParser: () => (value: string) => value }

async function run(client: pg.PoolClient, { query, params = [] }: Query) {
  const result = await client.query({
    text: query,
    values: params,
    rowMode: 'array',
    types: asText,
    queryMode: 'extended', // exactly one statement per query, as on Neon
  } as pg.QueryArrayConfig)
  const { command, rowCount, rows, fields } = result
  return {
    command,
    rowCount,
    rowAsArray: true,
    rows,
    fields: fields.map(field => ({ ...field, format: 'text' })),
  }
}

const errorFields = [
  'severity',
  'code',
  'detail',
  'hint',
  'position',
  'internalPosition',
  'internalQuery',
  'where',
  'schema',
  'table',
  'column',
  'dataType',
  'constraint',
  'file',
  'line',
  'routine',
] as const

/** What SQL refuses is a 400 with Postgres's own words; an unreachable server is a 503. */
function refusal(error: unknown): Answer {
  const { message } = error as Error
  if (error instanceof pg.DatabaseError) {
    return {
      status: 400,
      body: { message, ...Object.fromEntries(errorFields.map(name => [name, error[name] ?? null])) },
    }
  }
  return {
    status: error instanceof BadRequest || error instanceof SyntaxError ? 400 : 503,
    body: { message },
  }
}

if (import.meta.main) {
  const proxy = await startNeonProxy({
    port: Number(process.env.PORT ?? 4444),
    host: process.env.HOST ?? '127.0.0.1',
  })
  console.log(`neon proxy on ${proxy.url}`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void proxy.stop())
}
