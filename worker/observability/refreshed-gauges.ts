// Gauges of the database, measured from time to time and not for each scrape: a slow statement holds up no scrape, and
// somebody who asks often costs the database nothing.
import { Counter, Gauge, type Registry } from 'prom-client'
import type { GaugeMeaning, Sample } from '../../drizzle/gauges.ts'
import { Repeated, type RepeatedPorts } from './repeated.ts'

/** A measurement may take this part of the time, so that a large backlog does not make the database busy with counting. */
const maxShare = 0.02
const maxPauseMs = 300_000

export interface RefreshedGaugesPorts extends Pick<RepeatedPorts, 'everyMs' | 'clock' | 'onTrouble'> {
  readonly meanings: Readonly<Record<string, GaugeMeaning>>
  readonly read: () => Promise<Sample[]>
}

export class RefreshedGauges {
  readonly #ports: RefreshedGaugesPorts
  readonly #metrics = new Map<string, Gauge | Counter>()
  readonly #refreshing: Repeated

  constructor(registry: Registry, ports: RefreshedGaugesPorts) {
    this.#ports = ports
    const { everyMs, clock, onTrouble } = ports
    this.#refreshing = new Repeated({
      work: () => this.#refresh(),
      everyMs: Math.min(everyMs, maxPauseMs),
      maxShare,
      maxPauseMs,
      clock,
      onTrouble,
    })
    for (const [name, { help, labels, isCounter }] of Object.entries(ports.meanings)) {
      const options = { name, help, labelNames: labels, registers: [registry] }
      this.#metrics.set(name, isCounter ? new Counter(options) : new Gauge(options))
    }
    // Not zero: nothing has been measured yet.
    this.#show([])
  }

  start(): void {
    this.#refreshing.start()
  }

  stop(): void {
    this.#refreshing.stop()
  }

  async #refresh(): Promise<boolean> {
    try {
      this.#show(await this.#ports.read())
      return false
    } catch (error) {
      // An unknown value is better missing than old.
      this.#show([])
      throw error
    }
  }

  #show(samples: readonly Sample[]): void {
    for (const [name, metric] of this.#metrics) {
      metric.reset()
      if (this.#ports.meanings[name]!.labels.length === 0) metric.remove()
    }
    for (const { name, labels, value } of samples) this.#metrics.get(name)!.inc(labels, value)
  }
}
