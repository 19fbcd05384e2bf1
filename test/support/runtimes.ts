// The runtimes that delivery/ must work in, behind one face: `describe.each(runtimes)`.
import { join } from 'node:path'
import { unstable_startWorker } from 'wrangler'
import { atEnd } from './cleanup.ts'
import { calls } from './workers/calls.ts'

export type Calls = typeof calls

export const runtimes: { runtime: string; start: () => Promise<Calls> }[] = [
  { runtime: 'Node', start: async () => calls },
  { runtime: 'workerd', start: startInWorkerd },
]

/**
 * Not createTestHarness: there all that a Worker fetches goes through Node's fetch, which answers a refused connection
 * with 500. Here it is workerd itself that dials, as in production.
 */
export async function startInWorkerd(): Promise<Calls> {
  const worker = await unstable_startWorker({
    config: join(import.meta.dirname, 'workers/calls.toml'),
    dev: {
      server: { hostname: '127.0.0.1', port: 0 },
      logLevel: 'none',
      watch: false,
      persist: false,
      inspector: false,
    },
  })
  atEnd(() => worker.dispose())
  const call = async (name: string, args: unknown[]) => {
    const response = await worker.fetch('http://calls/', {
      method: 'POST',
      body: JSON.stringify({ name, args }),
    })
    if (!response.ok) throw new Error(`${name} failed in workerd: ${await response.text()}`)
    return response.json()
  }
  return Object.fromEntries(
    Object.keys(calls).map(name => [name, (...args: unknown[]) => call(name, args)]),
  ) as Calls
}
