// One attempt as the listener makes it: deliver, then say and count what came of it, and hand it to the settler.
import { setTimeout as sleep } from 'node:timers/promises'
import { type DeliverPorts, deliver } from '../../delivery/deliver.ts'
import type { Endpoint } from '../../delivery/endpoint.ts'
import { timingPadMs } from '../../delivery/redact.ts'
import type { Leased, Settlement } from '../../delivery/types.ts'
import type { Log } from '../observability/log.ts'

export interface AttemptPorts {
  readonly deliver: DeliverPorts
  readonly detector: { assess(settlement: Settlement): Settlement }
  readonly settler: { add(settlement: Settlement): void }
  readonly metrics: { count(settlement: Settlement): void }
  readonly attemptLog: { note(delivery: Leased, endpoint: Endpoint, settlement: Settlement): void }
  readonly log: Log
  readonly leaseMs: number
  /** When it is aborted, no timing pad is waited for any more. */
  readonly stopping: AbortSignal
}

/** What it returns never throws. */
export function createAttempt(ports: AttemptPorts): (delivery: Leased, endpoint: Endpoint) => Promise<void> {
  const { detector, settler, metrics, attemptLog, log, leaseMs, stopping } = ports
  return async (delivery, endpoint) => {
    try {
      const made = await deliver(delivery, endpoint, ports.deliver)
      // Longer than its lease: this process was frozen meanwhile, so a silence says nothing about any network.
      const settlement = made.durationMs > leaseMs ? made : detector.assess(made)
      metrics.count(settlement)
      attemptLog.note(delivery, endpoint, settlement)
      const waitMs = timingPadMs(endpoint, settlement, ports.deliver.clock())
      if (waitMs > 0) await sleep(waitMs, null, { signal: stopping }).catch(() => {})
      settler.add(settlement)
    } catch (error) {
      // Unexpected. It is not settled, so its lease runs out and the attempt is recorded as `interrupted`.
      log.error({ delivery: delivery.publicId, error: (error as Error).name }, 'an attempt threw an error')
    }
  }
}
