// Puts spans around attempts, if there is tracing. The receiver then gets the request's own span as `traceparent`, in place of
// the writer's.
import type { Endpoint } from '../../delivery/endpoint.ts'
import type { Leased, Settlement } from '../../delivery/types.ts'
import type { DeliverCallbacks, Delivering } from '../send/delivering.ts'

export interface AttemptSpan {
  readonly traceparent: string
  end(settlement: Settlement): void
  /** What became of the request is not known. */
  fail(error: string): void
}

export interface Tracing {
  begin(delivery: Leased, endpoint: Endpoint): AttemptSpan
  close(): Promise<void>
}

export function traced(
  delivering: Pick<Delivering, 'deliver'>,
  tracing: () => Tracing | null,
): Pick<Delivering, 'deliver'> {
  return {
    deliver(delivery, endpoint, callbacks) {
      const open = tracing()
      if (open === null) return delivering.deliver(delivery, endpoint, callbacks)
      const span = open.begin(delivery, endpoint)
      delivering.deliver(
        { ...delivery, traceparent: span.traceparent },
        endpoint,
        endingWith(span, callbacks),
      )
    },
  }
}

function endingWith(
  span: AttemptSpan,
  { onSettlement, onError, onUnsent }: DeliverCallbacks,
): DeliverCallbacks {
  return {
    onSettlement(settlement) {
      span.end(settlement)
      onSettlement(settlement, span.traceparent)
    },
    onError(error) {
      span.fail((error as Error).name)
      onError(error)
    },
    onUnsent() {
      span.fail('unsent')
      onUnsent()
    },
  }
}
