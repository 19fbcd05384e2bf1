// What Prometheus may ask. No label carries an id or a url, so the answer stays small however many endpoints there are.
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Settlement } from '../../delivery/types.ts'
import { addCaptureGauges, type CaptureGaugesPorts } from './capture-gauges.ts'

export interface Gauges {
  readonly inFlight: () => number
  readonly held: () => number
  readonly unsettled: () => number
  readonly reconnects: () => number
  /** This machine's clock minus the database's. */
  readonly skewSeconds: () => number
}

export class Metrics {
  readonly #registry = new Registry()
  readonly #attempts = new Counter({
    name: 'outbox_attempts_total',
    help: 'Attempts made, by what came of them.',
    labelNames: ['outcome'],
    registers: [this.#registry],
  })
  readonly #duration = new Histogram({
    name: 'outbox_attempt_duration_seconds',
    help: 'How long a request took, from signing to the end of the answer.',
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 5, 15, 30, 60],
    registers: [this.#registry],
  })

  constructor(gauges: Gauges, capture: CaptureGaugesPorts) {
    this.#gauge('outbox_in_flight', 'Requests under way.', gauges.inFlight)
    this.#gauge('outbox_held', 'Deliveries leased by this listener.', gauges.held)
    this.#gauge('outbox_unsettled', 'Attempts made and not yet written down.', gauges.unsettled)
    this.#gauge('outbox_clock_skew_seconds', 'This clock minus the database’s.', gauges.skewSeconds)
    this.#gauge('outbox_reconnects', 'Times the listening session was lost.', gauges.reconnects)
    addCaptureGauges(this.#registry, capture)
  }

  count(settlement: Settlement): void {
    this.#attempts.inc({ outcome: settlement.error ?? 'success' })
    this.#duration.observe(settlement.durationMs / 1000)
  }

  exposition(): Promise<string> {
    return this.#registry.metrics()
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read())
      },
    })
  }
}
