// The receiver seen from outside: starts its process and asks it what came.
import { join } from 'node:path'
import type { Guard } from '../dev/guard.ts'
import { freePort } from '../dev/ports.ts'
import { Trouble } from '../dev/say.ts'
import { startProcess } from './process.ts'

export interface Received {
  received: number
  /** Different webhooks: one event for one endpoint counts once, however often it came. */
  distinct: number
  verified: number
  refused: number
  /** Requests to `/slow/` at the same time. */
  maxUnderWay: number
}

export interface Receiver {
  readonly url: string
  readonly secret: string
  reset(): Promise<void>
  /** Resolves when so many different webhooks have come since the reset. */
  until(count: number): Promise<void>
  stats(): Promise<Received>
  /** When event n came to each endpoint it is for, on the machine's monotonic clock. */
  arrivals(): Promise<(number[] | null)[]>
  /** Throws unless exactly so many different webhooks came, and the sample of signatures was good. */
  expectHonest(who: string, count: number): Promise<void>
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
    async expectHonest(who, count) {
      const { distinct, verified, refused } = await ask<Received>('stats')
      if (distinct === count && refused === 0 && verified > 0) return
      throw new Trouble(
        `${who} should have sent ${count} webhooks and sent ${distinct}; of the signatures looked at ${verified} were good and ${refused} were not.`,
      )
    },
    stop: process.stop,
  }
}
