// One attempt as the listener makes it: deliver, then say and count what came of it, and hand it to the settler.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Endpoint } from '../../delivery/endpoint.ts'
import { timingPadMs } from '../../delivery/redact.ts'
import type { Leased, Settlement } from '../../delivery/types.ts'
import type { Log } from '../observability/log.ts'
import type { Delivering } from './delivering.ts'

export interface AttemptPorts {
  readonly delivering: Pick<Delivering, 'deliver'>
  /** That settlements are timed with. */
  readonly clock: () => number
  readonly detector: { assess(settlement: Settlement): Settlement }
  readonly settler: { add(settlement: Settlement): void }
  /** Ends the leases of what was not sent; never rejects. */
  readonly release: (deliveries: readonly Leased[]) => Promise<void>
  readonly metrics: { count(delivery: Leased, settlement: Settlement, traceparent: string | null): void }
  readonly attemptLog: { note(delivery: Leased, endpoint: Endpoint, settlement: Settlement): void }
  readonly log: Log
  readonly leaseMs: number
  /** When it is aborted, no timing pad is waited for any more. */
  readonly stopping: AbortSignal
}

/** `onOver` is called once, after what it returns has returned. It never throws. */
export function createAttempt(
  ports: AttemptPorts,
): (delivery: Leased, endpoint: Endpoint, onOver: () => void) => void {
  const { delivering, clock, detector, settler, release, metrics, attemptLog, log, leaseMs, stopping } = ports
  return (delivery, endpoint, onOver) => {
    const onSettlement = (made: Settlement, traceparent = delivery.traceparent) => {
      let settlement: Settlement
      try {
        // Longer than its lease: this process was frozen meanwhile, so a silence says nothing about any network.
        settlement = made.durationMs > leaseMs ? made : detector.assess(made)
        metrics.count(delivery, settlement, traceparent)
        attemptLog.note(delivery, endpoint, settlement)
      } catch (error) {
        return onError(error)
      }
      const record = () => {
        settler.add(settlement)
        onOver()
      }
      const waitMs = timingPadMs(endpoint, settlement, clock())
      if (waitMs === 0) record()
      else
        void sleep(waitMs, null, { signal: stopping })
          .catch(() => {})
          .then(record)
    }
    const onError = (error: unknown) => {
      // Unexpected. It is not settled, so its lease runs out and the attempt is recorded as `interrupted`.
      log.error({ delivery: delivery.publicId, error: (error as Error).name }, 'an attempt threw an error')
      onOver()
    }
    const onUnsent = () => {
      void release([delivery])
      onOver()
    }
    delivering.deliver(delivery, endpoint, { onSettlement, onError, onUnsent })
  }
}
