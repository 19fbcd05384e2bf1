// Workers under `wrangler dev`, and the local replacement for Neon's SQL over HTTP, a separate process that counts round trips.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../dev/ports.ts'
import { type Functions, startFunctions } from '../dev/services/functions.ts'
import type { Database, Environment } from './environment.ts'
import { startProcess } from './process.ts'
import { outboxSettings } from './subjects/outbox.ts'

const root = join(import.meta.dirname, '..')

export interface Proxy {
  url: string
  /** Round trips so far. */
  roundTrips(): Promise<number>
  stop(): Promise<void>
}

export async function startProxy({ guard }: Environment): Promise<Proxy> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const proxy = await startProcess([join(root, 'dev/neon-proxy.ts')], {
    guard,
    env: { PORT: String(port) },
    readyLine: 'neon proxy on',
  })
  return {
    url,
    roundTrips: async () => ((await (await fetch(`${url}/stats`)).json()) as { requests: number }).requests,
    stop: () => proxy.stop(),
  }
}

/** `folder` has the wrangler.toml; by default it is Outbox's own. */
export async function startWorker(
  environment: Environment,
  database: Database,
  proxy: Proxy,
  { folder = '.', settings = {} }: { folder?: string; settings?: Record<string, string> } = {},
): Promise<Functions> {
  const port = await freePort()
  const dir = join(root, `.outbox/bench-workers/${port}`)
  mkdirSync(dir, { recursive: true })
  return startFunctions({
    root: join(root, folder),
    dir,
    port,
    guard: environment.guard,
    settings: {
      ...outboxSettings(environment, database),
      NEON_PROXY: proxy.url,
      OUTBOX_API_KEYS: 'bench:admin:bench',
      OUTBOX_ORDERS_PUBLIC: 'true',
      ...settings,
    },
  })
}
