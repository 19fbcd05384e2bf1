// The three ways to run the functions that are compared: as in development, workerd without wrangler around it, and plain Node.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Database, Environment } from '../environment.ts'
import { type Proxy as NeonProxy, startWorker } from '../functions.ts'
import { startProcess } from '../process.ts'
import { outboxSettings } from '../subjects/outbox.ts'

export interface Server {
  readonly subject: string
  readonly url: string
  /** CPU time so far, of all its processes. */
  cpuSeconds(): number
  stop(): Promise<void>
}

export async function startServers(
  environment: Environment,
  database: Database,
  proxy: NeonProxy,
): Promise<Server[]> {
  const dev = await startWorker(environment, database, proxy)
  return [
    { subject: 'wrangler dev', url: dev.url, cpuSeconds: () => groupCpuSeconds(dev.pid), stop: dev.stop },
    await startServer('workerd', 'workerd.ts', environment, database, proxy),
    await startServer('Node', 'node.ts', environment, database, proxy),
  ]
}

async function startServer(
  subject: string,
  file: string,
  environment: Environment,
  database: Database,
  proxy: NeonProxy,
): Promise<Server> {
  const server = await startProcess([join(import.meta.dirname, file)], {
    guard: environment.guard,
    env: {
      ...outboxSettings(environment, database),
      NEON_PROXY: proxy.url,
      OUTBOX_API_KEYS: 'bench:admin:bench',
    },
    readyLine: 'listening',
  })
  const url = await server.line('on')
  return { subject, url, cpuSeconds: () => groupCpuSeconds(server.pid), stop: () => server.stop() }
}

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
