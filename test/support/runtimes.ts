// The runtimes of delivery/ behind one interface: `describe.each(runtimes)`.
import { startWorkerd } from './workerd.ts'
import { calls } from './workers/calls.ts'

export type Calls = typeof calls

export const runtimes: { runtime: string; start: () => Promise<Calls> }[] = [
  { runtime: 'Node', start: async () => calls },
  { runtime: 'workerd', start: startInWorkerd },
]

export async function startInWorkerd(): Promise<Calls> {
  const { url } = await startWorkerd('calls/calls.worker.js')
  const call = async (name: string, args: unknown[]) => {
    const response = await fetch(url, {
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
