// The three ways to run the functions that are compared: as in development, workerd without wrangler around it, and Node as
// in the container. The container speaks to Postgres itself; workerd through the replacement for Neon.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../dev/ports.ts'
import { untilTrue } from '../clock.ts'
import type { Database, Environment } from '../environment.ts'
import { type Proxy as NeonProxy, startWorker } from '../functions.ts'
import { startProcess } from '../process.ts'
import { outboxSettings } from '../subjects/outbox.ts'

export interface Server {
  readonly subject: string
  readonly url: string
  /** CPU time so far, of all its processes. */
  cpuSeconds(): number
  /** To the database, so far; null where nothing counts them. */
  readonly roundTrips: (() => Promise<number>) | null
  stop(): Promise<void>
}

export async function startServers(
  environment: Environment,
  database: Database,
  proxy: NeonProxy,
): Promise<Server[]> {
  return [
    await startWranglerDev(environment, database, proxy),
    await startWorkerd(environment, database, proxy),
    await startNode(environment, database),
  ]
}

async function startWranglerDev(
  environment: Environment,
  database: Database,
  proxy: NeonProxy,
): Promise<Server> {
  const { pid, url, stop } = await startWorker(environment, database, proxy)
  return measured('wrangler dev', pid, url, proxy.roundTrips, stop)
}

async function startWorkerd(environment: Environment, database: Database, proxy: NeonProxy): Promise<Server> {
  const server = await startProcess([join(import.meta.dirname, 'workerd.ts')], {
    guard: environment.guard,
    env: { ...outboxSettings(environment, database), ...apiKeys, NEON_PROXY: proxy.url },
    readyLine: 'listening',
  })
  return measured('workerd', server.pid, await server.line('on'), proxy.roundTrips, server.stop)
}

export async function startNode(environment: Environment, database: Database): Promise<Server> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const isReady = async () => (await fetch(`${url}/readyz`).catch(() => null))?.ok === true
  const server = await startProcess([join(import.meta.dirname, '../../server/main.ts')], {
    guard: environment.guard,
    env: {
      ...outboxSettings(environment, database),
      ...apiKeys,
      OUTBOX_SERVE: 'api',
      OUTBOX_PORT: String(port),
      OUTBOX_HEALTH_PORT: '0',
    },
    untilReady: () => untilTrue(isReady, 20),
  })
  return measured('Node', server.pid, url, null, server.stop)
}

const apiKeys = { OUTBOX_API_KEYS: 'bench:admin:bench' }

const measured = (
  subject: string,
  pid: number,
  url: string,
  roundTrips: Server['roundTrips'],
  stop: () => Promise<void>,
): Server => ({ subject, url, cpuSeconds: () => groupCpuSeconds(pid), roundTrips, stop: () => stop() })

/** Of a process group: wrangler and workerd are several processes. NaN where there is no /proc. */
function groupCpuSeconds(group: number): number {
  if (process.platform !== 'linux') return Number.NaN
  const ticks = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(ticksOf(group))
  return ticks.reduce((sum, own) => sum + own, 0) / 100
}

const ticksOf = (group: number) => (pid: string) => {
  try {
    // The process name may contain anything, so the fields are counted from its end.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
    return Number(fields[2]) === group ? Number(fields[11]) + Number(fields[12]) : 0
  } catch {
    return 0 // it has ended
  }
}
