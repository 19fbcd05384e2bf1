// Starts the receiver's process and asks it what it received.
import { join } from 'node:path'
import type { Guard } from '../dev/guard.ts'
import { freePort } from '../dev/ports.ts'
import { Trouble } from '../dev/say.ts'
import { startProcess } from './process.ts'

export interface Received {
  received: number
  /** An event for one endpoint counts once, however often it came. */
  distinct: number
  verified: number
  refused: number
  /** The maximum of concurrent requests to `/slow/`. */
  maxConcurrent: number
}

export interface Receiver {
  readonly url: string
  readonly secret: string
  reset(): Promise<void>
  /** Resolves when this many distinct webhooks have come since the reset. */
  until(count: number): Promise<void>
  stats(): Promise<Received>
  /** For event n its arrival at each of its endpoints, on the machine's monotonic clock. */
  arrivals(): Promise<(number[] | null)[]>
  /** Throws unless exactly this many distinct webhooks came and the sampled signatures verify. */
  expectExactly(sender: string, count: number): Promise<void>
  stop(): Promise<void>
}

export async function startReceiver(guard: Guard, secret: string): Promise<Receiver> {
  const port = await freePort()
  const process = await startProcess([join(import.meta.dirname, 'receiver.ts')], {
    guard,
    env: { PORT: String(port), BENCH_SECRET: secret },
  })
  const url = `http://127.0.0.1:${port}`
  const ask = async <Answer>(path: string) => (await (await fetch(`${url}/control/${path}`)).json()) as Answer
  return {
    url,
    secret,
    reset: () => ask('reset'),
    until: count => ask(`until/${count}`),
    stats: () => ask('stats'),
    arrivals: () => ask('arrivals'),
    async expectExactly(sender, count) {
      const { distinct, verified, refused } = await ask<Received>('stats')
      if (distinct === count && refused === 0 && verified > 0) return
      throw new Trouble(
        `${sender}: expected ${count} distinct webhooks, got ${distinct}; of the sampled signatures ${verified} verified and ${refused} did not.`,
      )
    },
    stop: process.stop,
  }
}
