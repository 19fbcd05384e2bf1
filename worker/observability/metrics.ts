// What Prometheus may ask. No label carries an id or a url, so the answer stays small however many endpoints there are.
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Settlement } from '../../delivery/types.ts'
import { addCaptureGauges, type CaptureGaugesPorts } from './capture-gauges.ts'

export class Metrics {
  readonly #registry = new Registry()
  readonly #attempts = new Counter({
    name: 'outbox_attempts_total',
    help: 'Attempts made, by outcome.',
    labelNames: ['outcome'],
    registers: [this.#registry],
  })
  readonly #duration = new Histogram({
    name: 'outbox_attempt_duration_seconds',
    help: 'How long a request took, from signing to the end of the answer.',
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 5, 15, 30, 60],
    registers: [this.#registry],
  })

  constructor(capture: CaptureGaugesPorts) {
    addCaptureGauges(this.#registry, capture)
  }

  /** `read` is called for each scrape. */
  addGauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read())
      },
    })
  }

  /** `busySeconds`, by the thread's name, is read for each scrape. */
  addThreads(busySeconds: () => ReadonlyMap<string, number>): void {
    new Counter({
      name: 'outbox_thread_busy_seconds_total',
      help: 'For how long each thread has been busy. At a rate near 1 it is the bottleneck.',
      labelNames: ['thread'],
      registers: [this.#registry],
      collect() {
        this.reset()
        this.inc({ thread: 'main' }, performance.eventLoopUtilization().active / 1000)
        for (const [thread, seconds] of busySeconds()) this.inc({ thread }, seconds)
      },
    })
  }

  count(settlement: Settlement): void {
    this.#attempts.inc({ outcome: settlement.error ?? 'success' })
    this.#duration.observe(settlement.durationMs / 1000)
  }

  exposition(): Promise<string> {
    return this.#registry.metrics()
  }
}
