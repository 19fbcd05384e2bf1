// The runtimes that delivery/ must work in, behind one face: `describe.each(runtimes)`.
import { join } from 'node:path'
import { createTestHarness } from 'wrangler'
import { atEnd } from './cleanup.ts'
import { calls } from './workers/calls.ts'

export type Calls = typeof calls

export const runtimes: { runtime: string; start: () => Promise<Calls> }[] = [
  { runtime: 'Node', start: async () => calls },
  { runtime: 'workerd', start: startInWorkerd },
]

export async function startInWorkerd(): Promise<Calls> {
  const harness = createTestHarness({
    root: join(import.meta.dirname, 'workers'),
    workers: [{ configPath: 'calls.toml' }],
  })
  await harness.listen()
  atEnd(() => harness.close())
  const call = async (name: string, args: unknown[]) => {
    const response = await harness.fetch('/', { method: 'POST', body: JSON.stringify({ name, args }) })
    if (!response.ok) throw new Error(`${name} failed in workerd: ${await response.text()}`)
    return response.json()
  }
  return Object.fromEntries(
    Object.keys(calls).map(name => [name, (...args: unknown[]) => call(name, args)]),
  ) as Calls
}
