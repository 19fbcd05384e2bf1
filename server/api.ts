// The API over HTTP: the outbox's own app, and what a container platform asks.
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer, type HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import { SettingsError } from '../delivery/settings.ts'
import { addressHeader, withAddressHeader } from '../functions/access/client-address.ts'
import { createOutbox } from '../functions/app.ts'
import { leadToConsole } from '../functions/console/lead.ts'
import { endStreams } from '../functions/console/live.ts'
import type { ServedRequest } from '../worker/observability/http-metrics.ts'
import type { Part } from '../worker/parts/part.ts'
import { readAsset } from './console-assets.ts'
import type { ServerSettings } from './settings.ts'

export interface Api extends Part {
  /** Once started. */
  readonly url: string
}

export interface ApiPorts {
  /** Why the process is not ready; null = it is. */
  readonly trouble: () => string | null
  /** Why only a restart helps; null = nothing speaks for one. */
  readonly findStuck: () => Promise<string | null>
  /** The listener has let go of the database: a probe must not wake that. */
  readonly isAsleep: () => boolean
  readonly onAnswer: (request: ServedRequest) => void
}

/** Requests under way may take as long as the statements of one request. Then they are cut. */
const drainMs = 10_000
const lookAgainMs = 50

export function createApi(
  { env, host, port }: ServerSettings,
  { trouble, findStuck, isAsleep, onAnswer }: ApiPorts,
): Api {
  const outbox = createOutbox({ readAsset })
  let isStopping = false
  const app = new Hono<{ Bindings: HttpBindings }>()
  const ours = withAddressHeader(env)
  app.use((c, next) => {
    c.req.raw.headers.set(addressHeader, c.env.incoming.socket.remoteAddress ?? '')
    return next()
  })
  app.get('/livez', async c => {
    const reason = await findStuck()
    return reason === null ? c.text('alive\n') : c.text(`${reason}\n`, 503)
  })
  app.get('/readyz', async c => {
    const reason = isStopping ? 'stopping' : (trouble() ?? (isAsleep() ? null : await databaseTrouble()))
    return reason === null ? c.text('ready\n') : c.text(`${reason}\n`, 503)
  })
  app.get('/', leadToConsole)
  app.all('*', async c => {
    const { method, path } = c.req
    const begunAt = performance.now()
    const response = await outbox.fetch(c.req.raw, ours, noContext)
    const durationMs = performance.now() - begunAt
    onAnswer({ route: routeOf(outbox.app, method, path), method, status: response.status, durationMs })
    return response
  })

  async function databaseTrouble(): Promise<string | null> {
    const answer = await outbox.fetch(new Request('http://localhost/healthz'), ours)
    return answer.ok ? null : ((await answer.json()) as { detail: string }).detail
  }

  const server = createAdaptorServer({ fetch: app.fetch }) as Server
  return {
    get url() {
      return `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`
    },
    async start() {
      server.listen(port, host)
      await once(server, 'listening').catch(error => {
        throw unavailable(host, port, error as NodeJS.ErrnoException)
      })
    },
    async stop() {
      isStopping = true
      endStreams()
      await drain(server)
    },
  }
}

/** The route as it is declared, `/v1/events/:id`: ids in the names of series would make one for each. */
function routeOf({ router }: Pick<Hono, 'router'>, method: string, path: string): string {
  const [handlers] = router.match(method, path)
  const declared = handlers.map(([[, route]]) => route.path).find(route => !route.endsWith('*'))
  return declared ?? 'other'
}

/** What a Worker is handed with a request. Without it Hono throws when it is asked for, and that costs more than this. */
const noContext = { waitUntil() {}, passThroughOnException() {}, props: {} }

/** Returns once every request is answered. A connection that is kept alive counts as none. */
async function drain(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  const look = setInterval(() => server.closeIdleConnections(), lookAgainMs)
  const cut = setTimeout(() => server.closeAllConnections(), drainMs)
  await closed
  clearInterval(look)
  clearTimeout(cut)
}

function unavailable(host: string, port: number, { code }: NodeJS.ErrnoException): Error {
  const remedies: Record<string, string> = {
    EADDRINUSE: 'Another process does. Stop it, or set another port; 0 takes a free one.',
    EACCES: 'This user may not use that port. Set one above 1023.',
    EADDRNOTAVAIL: 'This machine has no such address: set OUTBOX_HOST to one of its own, or to 0.0.0.0.',
  }
  return new SettingsError(
    `OUTBOX_PORT is ${port}, and the API cannot listen there on ${host} (${code}). ${remedies[code ?? ''] ?? ''}`.trim(),
  )
}
