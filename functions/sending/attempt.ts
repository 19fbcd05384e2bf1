// One attempt of a sender in a Worker: the listener's own deliver(), as a promise.
import { deliver } from '../../delivery/deliver.ts'
import type { Endpoint } from '../../delivery/endpoint.ts'
import { timingPadMs } from '../../delivery/redact.ts'
import type { Send } from '../../delivery/send.ts'
import type { Leased, Settlement } from '../../delivery/types.ts'
import { userAgent } from '../../delivery/version.ts'

/** Also the stopwatch of the store that records it. */
export const clock = () => performance.now()

export async function attempt(delivery: Leased, endpoint: Endpoint, send: Send): Promise<Settlement> {
  const ports = { send, now: Date.now, clock, random: Math.random, userAgent }
  const settlement = await new Promise<Settlement>((resolve, reject) =>
    deliver(delivery, endpoint, ports, resolve, reject),
  )
  const waitMs = timingPadMs(endpoint, settlement, clock())
  if (waitMs > 0) await new Promise(resolve => setTimeout(resolve, waitMs))
  return settlement
}
