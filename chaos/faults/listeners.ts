// Faults of listener processes: killed, frozen, or running with a wrong clock.
import { setTimeout as wait } from 'node:timers/promises'
import type { ListenerProcess } from '../listener-process.ts'
import type { FaultKind } from '../plan.ts'
import { requestTimeoutSeconds } from '../topology.ts'
import { disruption, type FaultContext, type Inject, type Injected } from './inject.ts'

/** Less than the request timeout: nothing fails, but many requests are in flight. */
const stallMs = (requestTimeoutSeconds * 1000) / 2
/** The last requests of a resumed listener take no longer than this. */
const resumeMs = requestTimeoutSeconds * 1000 + 500

export const listenerFaults = (context: FaultContext) =>
  ({
    'kill listener': async planned => {
      const listener = context.listenerOf(planned)
      const killed = disruption(0, listener)
      await listener.kill()
      await wait(planned.forMs / 4)
      listener.restart()
      return { target: listener.name, disruptions: [killed, disruption(0, listener)] }
    },
    'freeze listener': planned => freeze(context.listenerOf(planned), planned.forMs),
    // The busiest listener, so that it holds deliveries when the others rescue them.
    'freeze past lease': async planned => {
      const { receiversUrl, listeners } = context.system
      await fetch(`${receiversUrl}/stall?ms=${stallMs}`, { method: 'POST' })
      await wait(stallMs / 2)
      const busiest = listeners.reduce((a, b) => (b.recentAttempts > a.recentAttempts ? b : a))
      return freeze(busiest, planned.forMs)
    },
    'skew clock': async planned => {
      const listener = context.listenerOf(planned)
      const ms = skewMs(planned.intensity)
      const start = disruption(0, listener)
      listener.skewMs = ms
      listener.restart()
      await wait(planned.forMs)
      listener.skewMs = 0
      listener.restart()
      const end = disruption(0, listener)
      return {
        target: `${listener.name} by ${Math.round(ms / 60_000)} min`,
        disruptions: [start, end],
        skew: { listener: listener.name, from: start.from, until: end.until, ms },
      }
    },
  }) satisfies Partial<Record<FaultKind, Inject>>

async function freeze(listener: ListenerProcess, forMs: number): Promise<Injected> {
  const frozen = disruption(0, listener)
  listener.freeze()
  await wait(forMs)
  listener.resume()
  // It may still send the deliveries it holds, although their lease is all but over.
  return { target: listener.name, disruptions: [frozen, disruption(resumeMs, listener)] }
}

/** Up to two hours, ahead or behind. */
function skewMs(intensity: number): number {
  const minutes = 2 + intensity * 1.19
  return (intensity % 2 === 0 ? minutes : -minutes) * 60_000
}
