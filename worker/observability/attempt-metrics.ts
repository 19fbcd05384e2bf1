// Attempts as counters and histograms. Each series exists from the start, because Prometheus does not see a counter rise that
// appears with its first value.
import { Counter, Histogram, type Registry } from 'prom-client'
import { failureKinds } from '../../delivery/failures.ts'
import type { Leased, Settlement } from '../../delivery/types.ts'
import { exemplarOf } from './exemplar.ts'

const outcomes = ['delivered', ...failureKinds] as const
const sender = 'listener'

export class AttemptMetrics {
  /** This clock minus the database's, which events are timed by. */
  clockSkewSeconds = 0
  readonly #attempts: Counter
  readonly #dead: Counter
  readonly #blocked: Counter
  readonly #duration: Histogram<'sender'>
  readonly #firstDelay: Histogram<'sender'>
  readonly #age: Histogram

  constructor(registry: Registry) {
    const registers = [registry]
    this.#attempts = new Counter({
      name: 'outbox_attempts_total',
      help: 'Requests made, by outcome: delivered, or what went wrong.',
      labelNames: ['outcome', 'sender'],
      registers,
    })
    this.#dead = new Counter({
      name: 'outbox_deliveries_dead_total',
      help: 'Deliveries given up, by the outcome of the last attempt.',
      labelNames: ['outcome'],
      registers,
    })
    this.#blocked = new Counter({
      name: 'outbox_egress_blocked_total',
      help: 'Requests that the egress guard stopped. Somebody attacks, or has made a mistake.',
      labelNames: ['reason'],
      registers,
    })
    this.#duration = new Histogram({
      name: 'outbox_attempt_duration_seconds',
      help: 'How long a request took, from signing to the end of the answer.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15],
      labelNames: ['sender'],
      enableExemplars: true,
      registers,
    })
    this.#firstDelay = new Histogram({
      name: 'outbox_first_attempt_delay_seconds',
      help: 'From when the event was written to the first request of a delivery, whatever held it up.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300],
      labelNames: ['sender'],
      enableExemplars: true,
      registers,
    })
    this.#age = new Histogram({
      name: 'outbox_delivery_age_seconds',
      help: 'From when the event was written to its 2xx, retries included.',
      buckets: [1, 5, 30, 300, 1800, 7200, 18_000, 36_000, 86_400, 172_800, 270_000],
      registers,
    })
    for (const outcome of outcomes) this.#attempts.inc({ outcome, sender }, 0)
    for (const outcome of failureKinds) this.#dead.inc({ outcome }, 0)
    this.#blocked.inc({ reason: 'blocked_address' }, 0)
    this.#duration.zero({ sender })
    this.#firstDelay.zero({ sender })
  }

  /** An attempt is over at this moment; `traceparent` is what its request carried. */
  count(
    { timestamp, attempt }: Pick<Leased, 'timestamp' | 'attempt'>,
    settlement: Settlement,
    traceparent: string | null,
  ): void {
    const { error, durationMs } = settlement
    this.#attempts.inc({ outcome: error ?? 'delivered', sender })
    const exemplarLabels = exemplarOf(traceparent)
    this.#duration.observe({ labels: { sender }, value: durationMs / 1000, exemplarLabels })
    if (error === 'blocked_address') this.#blocked.inc({ reason: error })
    if (attempt > 1 && error !== null) return
    const ageSeconds = (Date.now() - Date.parse(timestamp)) / 1000 - this.clockSkewSeconds
    if (attempt === 1) {
      const value = Math.max(0, ageSeconds - durationMs / 1000)
      this.#firstDelay.observe({ labels: { sender }, value, exemplarLabels })
    }
    if (error === null) this.#age.observe(Math.max(0, ageSeconds))
  }

  /** These are recorded. */
  noteSettled(settlements: readonly Settlement[]): void {
    for (const { state, error } of settlements)
      if (state === 'dead' && error !== null) this.#dead.inc({ outcome: error })
  }
}
