// The whole outbox in one process, beside nothing but a Postgres: API, listener and timer.
import { closeSharedPools } from '../functions/database/postgres.ts'
import { log } from '../functions/http/log.ts'
import { type Listener, startListener } from '../worker/listener.ts'
import type { ServedRequest } from '../worker/observability/http-metrics.ts'
import { type Part, startAll } from '../worker/parts/part.ts'
import { stoppable } from '../worker/stoppable.ts'
import { createApi } from './api.ts'
import type { ServerSettings } from './settings.ts'
import { createTimer } from './timer.ts'

export interface RunningServer {
  /** Where the API answers; null = it does not run in this process. */
  readonly url: string | null
  /** Finishes the run of the cron function, then the requests, then the listener. True = every attempt is recorded. */
  stop(): Promise<boolean>
  /** Resolves like stop(), also when it stops by itself, because its listener has. */
  readonly ended: Promise<boolean>
}

export async function startServer(settings: ServerSettings): Promise<RunningServer> {
  const { parts } = settings
  const listener = createListener(settings)
  const api = createApi(settings, {
    trouble: () => (parts.has('listener') ? listener.trouble() : null),
    findStuck: () => listener.findStuck(),
    isAsleep: () => listener.isAsleep(),
    onAnswer(request) {
      listener.countRequest(request)
      // Whatever was answered: it may have been committed.
      if (!isRead(request.method)) listener.ring()
    },
  })
  const stopParts = await startAll([
    { start() {}, stop: closeSharedPools },
    ...(parts.has('listener') ? [listener] : []),
    ...(parts.has('api') ? [api] : []),
    ...(parts.has('cron') ? [createTimer(settings, () => listener.isAsleep())] : []),
  ])
  const url = parts.has('api') ? api.url : null
  log('serving', { parts: [...parts].join(), url, docs: url && `${url}/docs` })
  const { stop, ended } = stoppable(async () => {
    await stopParts()
    log('stopped serving')
    return listener.isClean
  })
  void listener.ended.then(stop)
  return { url, stop, ended }
}

const isRead = (method: string) => ['GET', 'HEAD', 'OPTIONS'].includes(method)

interface ListenerPart extends Part {
  /** Why it cannot work at the moment; null = it can. */
  trouble(): string | null
  /** Why only a restart helps; null = nothing speaks for one. */
  findStuck(): Promise<string | null>
  countRequest(request: ServedRequest): void
  /** There may be something to send. */
  ring(): void
  /** It has let go of the database, so nothing else may wake that either. */
  isAsleep(): boolean
  /** When it has stopped; never while it does not run in this process. */
  readonly ended: Promise<boolean>
  readonly isClean: boolean
}

function createListener(settings: ServerSettings): ListenerPart {
  let running: Listener | null = null
  let isClean = true
  let onStarted: (ended: Promise<boolean>) => void
  const ended = new Promise<boolean>(resolve => {
    onStarted = resolve
  })
  return {
    async start() {
      running = await startListener(settings.listener)
      onStarted(running.ended)
    },
    async stop() {
      isClean = (await running?.stop()) ?? true
    },
    trouble: () => running?.trouble() ?? null,
    findStuck: async () => running?.findStuck() ?? null,
    ended,
    countRequest: request => running?.countRequest(request),
    ring: () => running?.ring(),
    isAsleep: () => running?.isAsleep() ?? false,
    get isClean() {
      return isClean
    },
  }
}
