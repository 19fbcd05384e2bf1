// A local replacement for Neon's edge: SQL over HTTP, one POST per query or per batch. For development and tests only.
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import pg from 'pg'
import { BadRequest, type Body, execute, statementsIn } from './neon-request.ts'

export interface NeonProxy {
  url: string
  /** Round trips so far, and the statements in them; also at `/stats`. */
  stats: { requests: number; statements: number }
  stop(): Promise<void>
}

interface Options {
  port: number
  host?: string
}

const CONNECTIONS_PER_DATABASE = 10

export async function startNeonProxy({ port, host = '127.0.0.1' }: Options): Promise<NeonProxy> {
  const stats = { requests: 0, statements: 0 }
  const pools = new Pools()

  const answer = async (request: IncomingMessage): Promise<Answer> => {
    if (request.url === '/stats') return { status: 200, body: stats }
    if (request.method !== 'POST' || request.url !== '/sql')
      return { status: 404, body: { message: 'not found' } }
    stats.requests++
    try {
      const pool = pools.for(request.headers['neon-connection-string'])
      const body = (await json(request)) as Body
      stats.statements += statementsIn(body)
      return { status: 200, body: await execute(pool, request.headers, body) }
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
      await pools.end()
    },
  }
}

/** One pool for each connection string. */
class Pools {
  readonly #pools = new Map<string, pg.Pool>()

  for(connectionString: unknown): pg.Pool {
    const url = URL.parse(String(connectionString))
    if (!url)
      throw new BadRequest('the header Neon-Connection-String is missing or is not a connection string')
    url.searchParams.set('application_name', 'neon-proxy') // to tell them from an application's own connections
    const known = this.#pools.get(url.href)
    if (known) return known
    const pool = new pg.Pool({ connectionString: url.href, max: CONNECTIONS_PER_DATABASE })
    pool.on('error', () => {}) // an idle connection was cut; the pool opens another one
    pool.on('connect', client => client.on('error', () => {})) // one in use was cut; its query fails with the error
    this.#pools.set(url.href, pool)
    return pool
  }

  async end(): Promise<void> {
    await Promise.all([...this.#pools.values()].map(pool => pool.end()))
  }
}

interface Answer {
  status: number
  body: unknown
}

const errorFields = [
  ...([
    'severity',
    'code',
    'detail',
    'hint',
    'position',
    'internalPosition',
    'internalQuery',
    'where',
  ] as const),
  ...(['schema', 'table', 'column', 'dataType', 'constraint', 'file', 'line', 'routine'] as const),
]

/** An error of Postgres is a 400 with Postgres's own message; an unreachable server is a 503. */
function refusal(error: unknown): Answer {
  const { message } = error as Error
  if (error instanceof pg.DatabaseError) {
    const details = Object.fromEntries(errorFields.map(name => [name, error[name] ?? null]))
    return { status: 400, body: { message, ...details } }
  }
  return {
    status: error instanceof BadRequest || error instanceof SyntaxError ? 400 : 503,
    body: { message },
  }
}

if (import.meta.main) {
  const proxy = await startNeonProxy({ port: Number(process.env.PORT ?? 4444), host: process.env.HOST })
  console.log(`neon proxy on ${proxy.url}`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void proxy.stop())
}
