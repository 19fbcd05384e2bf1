// A bundled Worker in its own workerd. With wrangler's test harness each request would pass a second workerd and Node, and
// the Worker's fetches would go through Node's fetch. Here workerd itself answers and dials, as in production.
import { dirname, resolve } from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { inject } from 'vitest'
import { atEnd } from './cleanup.ts'

export interface Workerd {
  /** `http://127.0.0.1:<port>` */
  url: string
  runtime: Miniflare
  logs: string[]
  close(): Promise<void>
}

/** A bundle that test/setup.ts has made, or the absolute path of one. */
export type Script =
  | 'functions/index.js'
  | 'mounted/mounted.worker.js'
  | 'calls/calls.worker.js'
  | `/${string}`

export interface Extras {
  /** As miniflare takes them: queues and Durable Objects (edge.ts). */
  readonly queueProducers?: Record<string, { queueName: string }>
  readonly queueConsumers?: Record<
    string,
    { maxBatchSize: number; maxBatchTimeout: number; maxRetries: number }
  >
  readonly durableObjects?: Record<string, { className: string; useSQLite: boolean }>
  /** A directory where Durable Objects and their alarms outlive workerd, as on Cloudflare. Queues do not. */
  readonly resourcePersistencePath?: string
  /** Connection strings by the binding's name. */
  readonly hyperdrives?: Record<string, string>
  readonly compatibilityFlags?: string[]
}

export async function startWorkerd(
  script: Script,
  bindings: Record<string, string> = {},
  more: Extras = {},
): Promise<Workerd> {
  const logs: string[] = []
  const scriptPath = resolve(inject('bundles'), script)
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      modulesRoot: dirname(scriptPath),
      scriptPath,
      ...inject('compatibility'),
      ...more,
      bindings,
      host: '127.0.0.1',
      port: 0,
      cf: false,
      handleStructuredLogs: log => void logs.push(log.message),
    }),
  )
  const { origin } = await runtime.ready
  let closed: Promise<void> | null = null
  const close = () => (closed ??= runtime.dispose())
  atEnd(close)
  return { url: origin, runtime, logs, close }
}
