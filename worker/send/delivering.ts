// Who makes the requests: this thread, or several that only send (worker/threads/sending-threads.ts).
import { deliver } from '../../delivery/deliver.ts'
import type { Endpoint } from '../../delivery/endpoint.ts'
import type { Leased, Settlement } from '../../delivery/types.ts'
import type { EgressPolicy } from '../../delivery/url.ts'
import { userAgent } from '../../delivery/version.ts'
import { createResolve } from './resolve.ts'
import { createTransport } from './transport.ts'

/** One of them is called once, after deliver() has returned. */
export interface DeliverCallbacks {
  /** `traceparent`: of the request, where it is not the delivery's. */
  readonly onSettlement: (settlement: Settlement, traceparent?: string) => void
  /** A surprise: what became of the request is not known. */
  readonly onError: (error: unknown) => void
  /** It had to wait too long, so it was not begun. */
  readonly onUnsent: () => void
}

export interface Delivering {
  deliver(delivery: Leased, endpoint: Endpoint, callbacks: DeliverCallbacks): void
  /** Interrupts what is under way. */
  close(): Promise<void>
}

export interface SendSettings extends EgressPolicy {
  readonly egressProxy: string | null
}

export function deliverHere(settings: SendSettings, clock: () => number): Delivering {
  const transport = createTransport(settings, createResolve(), settings.egressProxy)
  const ports = { send: transport.send, now: Date.now, clock, random: Math.random, userAgent }
  return {
    deliver: (delivery, endpoint, { onSettlement, onError }) =>
      deliver(delivery, endpoint, ports, onSettlement, onError),
    close: transport.close,
  }
}
